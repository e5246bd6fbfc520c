"""The parts of a report card that show a data set's labels: overview, findings, samples, classes, boxes, viewpoints."""

from collections.abc import Mapping, Sequence

import numpy as np

from meshsight.core.errors import ImageError
from meshsight.core.images import read_image
from meshsight.datasets.inspection.findings import Finding
from meshsight.datasets.measures.label_statistics import LabelStatistics
from meshsight.datasets.measures.sampling import Picked
from meshsight.datasets.measures.tally import Tally
from meshsight.datasets.measures.viewpoints import sphere_cells
from meshsight.plotting.card_plots import Axis, SphereRings, plot_bins, plot_class_counts, plot_places, plot_viewpoints
from meshsight.plotting.page import (
    Block,
    Captioned,
    Fact,
    Facts,
    Gallery,
    Notice,
    Notices,
    Paragraph,
    Section,
    Table,
)
from meshsight.workflows.show import Looks, draw_labels

MANY_CLASSES = 40
MANY_MAPS = 8
_LOOKS = Looks(side=640, text_px=20)
_WIDE, _NARROW = 400, 270
_THREE_IN_A_ROW = ("visibility", "truncation", "occlusion", "distance_m", "roll_deg")

Splits = Mapping[str, LabelStatistics]
"""What is in each split, by its name."""


def pooled(splits: Splits) -> LabelStatistics:
    """Returns the counts of all splits together."""
    whole = LabelStatistics(next(iter(splits.values())).classes)
    for one in splits.values():
        whole.add_statistics(one)
    return whole


def overview_section(splits: Splits) -> Section:
    """The numbers that matter most, and one row for each split."""
    whole = pooled(splits)
    facts = [
        Fact(label="images", value=f"{whole.num_images:,}", note=_sizes_in_words(whole)),
        Fact(label="objects", value=f"{whole.num_objects:,}", note=_of_each_image(whole)),
        Fact(label="classes", value=f"{len(whole.classes):,}", note=_rarest_in_words(whole)),
        Fact(
            label="without an object", value=f"{whole.num_empty:,}", note=_share_of(whole.num_empty, whole.num_images)
        ),
    ]
    if whole.num_ignored:
        facts.append(Fact(label="regions to ignore", value=f"{whole.num_ignored:,}"))
    if whole.num_hidden:
        facts.append(Fact(label="hidden objects", value=f"{whole.num_hidden:,}", note="with no visible pixel"))
    blocks: list[Block] = [Facts(facts=tuple(facts))]
    if len(splits) > 1:
        rows = tuple(
            (name, one.num_images, one.num_objects, one.num_objects / max(one.num_images, 1), one.num_empty)
            for name, one in splits.items()
        )
        columns = ("split", "images", "objects", "objects per image", "images without an object")
        blocks.append(Table(columns=columns, rows=rows))
    return Section(title="At a glance", blocks=tuple(blocks))


def finding_section(findings: Sequence[Finding]) -> Section:
    """What the doctor found, errors first."""
    title = "What the doctor says"
    if not findings:
        good = Notice(tone="good", title="Nothing is wrong that we know how to look for.", label="healthy")
        return Section(title=title, blocks=(Notices(notices=(good,)),))
    ordered = sorted(findings, key=lambda finding: finding.severity != "error")
    return Section(title=title, blocks=(Notices(notices=tuple(_notice(finding) for finding in ordered)),))


def sample_section(picked: Sequence[Picked], classes: Sequence[str]) -> Section:
    """Some samples with their labels; images that cannot be read are left out."""
    items: list[Captioned] = []
    for one in picked:
        try:
            image = read_image(one.path)
        except ImageError:
            continue
        drawn = draw_labels(image, one.sample, classes, _LOOKS)
        place = f"{one.split} · {one.sample.image}" if one.split else one.sample.image
        items.append(Captioned(content=drawn, caption=place))
    text = "Spread evenly over the data set. Grey, dashed regions are to be ignored."
    return Section(
        title="Labelled samples", blocks=(Paragraph(text=text), Gallery(items=tuple(items), min_width_px=260))
    )


def class_section(splits: Splits) -> Section:
    """How many objects of each class there are."""
    whole = pooled(splits)
    rows = tuple(
        (name, *(int(one.class_counts[i]) for one in splits.values()), int(whole.class_images[i]), _ratio(whole, i))
        for i, name in enumerate(whole.classes)
    )
    is_long = len(whole.classes) > MANY_CLASSES
    table = Table(
        columns=("class", *(f"objects in {name}" if name else "objects" for name in splits), "images with it", "share"),
        rows=rows,
        summary="" if is_long else "The same as a table",
    )
    counts = {name: one.class_counts for name, one in splits.items()}
    bars = Captioned(content=plot_class_counts(whole.classes, counts))
    blocks = (table,) if is_long else (Gallery(items=(bars,), min_width_px=_WIDE), table)
    return Section(title="Classes", blocks=blocks)


def box_section(splits: Splits) -> Section:
    """Size, shape, place and number of the boxes."""
    whole = pooled(splits)
    covered = whole.covered / max(whole.num_images, 1)
    height, width = whole.sizes_hw.most_common(1)[0][0] if whole.sizes_hw else (3, 4)
    items = (
        _bins(splits, "size_px", Axis(label="sqrt(width x height) in pixels", is_log=True), _size_in_words(whole)),
        _bins(splits, "aspect", Axis(label="width / height", is_log=True), "Shape: below 1 upright, above 1 flat."),
        Captioned(content=plot_places(covered, width / height), caption="Place: how many boxes cover it, on average."),
        _per_image(splits),
    )
    return Section(title="Boxes", blocks=(Gallery(items=items, min_width_px=_WIDE),))


def visibility_section(splits: Splits) -> Section | None:
    """How much of the objects is seen, cut off and hidden; None where nothing of it is known."""
    whole = pooled(splits)
    kinds = (
        ("visibility", "visibility: share that is seen"),
        ("truncation", "truncation: share outside the image"),
        ("occlusion", "occlusion: share of the inside that is hidden"),
    )
    items = tuple(
        _bins(splits, name, Axis(label=label, is_share=True, is_whole=True), _known(getattr(whole, name), whole))
        for name, label in kinds
        if getattr(whole, name).total
    )
    return Section(title="Visibility", blocks=(Gallery(items=items, min_width_px=_NARROW),)) if items else None


def viewpoint_section(splits: Splits) -> Section | None:
    """From where and how far the objects are seen; None without poses."""
    whole = pooled(splits)
    if not whole.views.sum():
        return None
    items = [
        _viewpoint_map(whole.views.sum(axis=0), _coverage_in_words(whole)),
        _bins(splits, "distance_m", Axis(label="distance in metres", is_log=True), "From the camera to the object."),
        _bins(splits, "roll_deg", Axis(label="roll in degrees", is_whole=True), "Turn of the object in the image."),
    ]
    seen = [i for i in range(len(whole.classes)) if whole.views[i].any()]
    if 1 < len(seen) <= MANY_MAPS:
        items += [_viewpoint_map(whole.views[i], _class_coverage(whole, i)) for i in seen]
    text = (
        "Directions from the object to the camera, in the object's own frame. Cells have equal areas, so the colour is "
        "the density of viewpoints; empty cells were never seen. Roll is the angle of the object's z axis in the image."
    )
    return Section(title="Viewpoints", blocks=(Paragraph(text=text), Gallery(items=tuple(items), min_width_px=_NARROW)))


def _notice(finding: Finding) -> Notice:
    cases = tuple(": ".join(part for part in (case.place, case.detail) if part) for case in finding.cases)
    rest = finding.count - len(cases)
    return Notice(
        tone="bad" if finding.severity == "error" else "doubtful",
        label=finding.severity,
        title=f"{finding.message} ({finding.count:,})",
        note=finding.advice,
        details=(*cases, f"and {rest:,} more") if rest > 0 else cases,
    )


def _bins(splits: Splits, name: str, axis: Axis, caption: str) -> Captioned:
    tallies: dict[str, Tally] = {split: getattr(one, name) for split, one in splits.items()}
    edges = next(iter(tallies.values())).edges
    counts = {split: tally.counts for split, tally in tallies.items() if tally.total} or {
        "": np.zeros(len(edges) - 1, int)
    }
    width_in = 3.6 if name in _THREE_IN_A_ROW else 4.4
    return Captioned(content=plot_bins(edges, counts, axis, width_in), caption=caption)


def _per_image(splits: Splits) -> Captioned:
    most = max((number for one in splits.values() for number in one.per_image), default=0)
    step = max(1, -(-(most + 1) // 40))
    edges = np.arange(0, most + 1 + step, step) - 0.5
    counts = {
        name: np.histogram(list(one.per_image), edges, weights=list(one.per_image.values()))[0].astype(np.int64)
        for name, one in splits.items()
    }
    return Captioned(
        content=plot_bins(edges, counts, Axis(label="objects in an image")), caption="Objects in an image."
    )


def _viewpoint_map(counts: np.ndarray, caption: str) -> Captioned:
    cells = sphere_cells()
    return Captioned(
        content=plot_viewpoints(SphereRings(z=cells.z, num_cells=cells.counts, counts=counts)), caption=caption
    )


def _coverage_in_words(whole: LabelStatistics) -> str:
    counts = whole.views.sum(axis=0)
    return (
        f"{int(counts.sum()):,} objects are seen from {_percent((counts > 0).mean())} of all directions "
        f"({int((counts > 0).sum())} of {len(counts)} cells, each about 15 degrees wide)."
    )


def _class_coverage(whole: LabelStatistics, class_id: int) -> str:
    counts = whole.views[class_id]
    return (
        f"{whole.classes[class_id]}: {_percent((counts > 0).mean())} of all directions, {int(counts.sum()):,} objects"
    )


def _sizes_in_words(whole: LabelStatistics) -> str:
    if not whole.sizes_hw:
        return ""
    (height, width), count = whole.sizes_hw.most_common(1)[0]
    if len(whole.sizes_hw) == 1:
        return f"all {width} x {height} pixels"
    return f"{len(whole.sizes_hw)} sizes; {_percent(count / whole.num_images)} have {width} x {height} pixels"


def _of_each_image(whole: LabelStatistics) -> str:
    return f"{whole.num_objects / whole.num_images:.1f} in an image" if whole.num_images else ""


def _rarest_in_words(whole: LabelStatistics) -> str:
    if not whole.classes:
        return ""
    rarest = int(np.argmin(whole.class_counts))
    return f"rarest: {whole.classes[rarest]} ({int(whole.class_counts[rarest]):,})"


def _size_in_words(whole: LabelStatistics) -> str:
    small, large = whole.size_px.share_below(32.0), 1 - whole.size_px.share_below(90.6)
    if not whole.num_objects:
        return "Size of the boxes."
    middle = whole.size_px.quantile(0.5)
    return f"Size: {_percent(small)} are under 32 px, {_percent(large)} over 91 px; the middle one has {middle:.0f} px."


def _known(tally: Tally, whole: LabelStatistics) -> str:
    return "" if tally.total == whole.num_objects else f"Known of {tally.total:,} of {whole.num_objects:,} objects."


def _ratio(whole: LabelStatistics, class_id: int) -> str:
    return _share_of(int(whole.class_counts[class_id]), whole.num_objects)


def _share_of(part: int, total: int) -> str:
    return _percent(part / total) if total else ""


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if 0 < share < 0.1 else f"{100 * share:.0f} %"
