"""The parts of a report card about pixels: what the images are like, and in what they differ from real photographs."""

from collections.abc import Sequence

import numpy as np

from meshsight.datasets.measures.image_attributes import measure_files
from meshsight.datasets.measures.sampling import Picked
from meshsight.datasets.measures.tally import by_step
from meshsight.plotting.card_plots import Axis, Shift, plot_bins, plot_shifts, plot_two_sides
from meshsight.plotting.page import Block, Captioned, Entries, Entry, Gallery, Paragraph, Section, Table
from meshsight.workflows.comparison import AttributeComparison, Comparison, num_bins
from meshsight.workflows.comparison_measuring import LARGEST_SIDE
from meshsight.workflows.comparison_words import ATTRIBUTES, IMAGE_ATTRIBUTES, Attribute, amount

_BY_KEY = {attribute.key: attribute for attribute in ATTRIBUTES}


def picture_section(picked: Sequence[Picked], num_images: int) -> Section:
    """What the images are like, measured on some of all `num_images`."""
    found = measure_files([one.path for one in picked], LARGEST_SIDE)
    kept = [(one.split, values) for one, values in zip(picked, found, strict=True) if values is not None]
    splits = tuple(dict.fromkeys(one.split for one in picked))
    text = (
        f"Measured on {len(kept):,} of {num_images:,} images, spread evenly; larger ones were reduced to "
        f"{LARGEST_SIDE} pixels first. A detector that was trained on a narrow range fails outside it."
    )
    items = tuple(
        _attribute_plot(attribute, [(split, getattr(values, attribute.key)) for split, values in kept], splits)
        for attribute in IMAGE_ATTRIBUTES
    )
    blocks: tuple[Block, ...] = (Paragraph(text=text), Gallery(items=items, min_width_px=300)) if kept else ()
    return Section(title="Pictures", blocks=blocks or (Paragraph(text="Not one image can be read."),))


def comparison_section(comparison: Comparison) -> Section:
    """In what the images differ from photographs, the most first."""
    clear = tuple(one for one in comparison.attributes if one.is_clear)
    others = tuple(one for one in comparison.attributes if not one.is_clear)
    names = (comparison.ours, comparison.real)
    overview = Captioned(
        content=plot_shifts([_shift(one) for one in comparison.attributes]),
        caption="How far the means are apart. Red: a clear difference; grey: it may be chance. Bars: 95 % intervals.",
    )
    blocks: list[Block] = [
        *(Paragraph(text=text) for text in _introduction(comparison, len(clear))),
        Gallery(items=(overview,), min_width_px=420),
    ]
    if clear:
        blocks.append(Entries(entries=tuple(_entry(one, names) for one in clear)))
    if others:
        blocks.append(Paragraph(text="No clear difference:"))
        blocks.append(Gallery(items=tuple(_two_sides(one, names) for one in others), min_width_px=260))
    return Section(title="Against real photographs", blocks=(*blocks, _table(comparison)))


def _introduction(comparison: Comparison, num_clear: int) -> tuple[str, ...]:
    first = (
        f"{comparison.measured_ours:,} of {comparison.num_ours:,} images of {comparison.ours} beside "
        f"{comparison.measured_real:,} of {comparison.num_real:,} of {comparison.real}, at a longer side of "
        f"{comparison.side_px} pixels or less. {num_clear} of {len(comparison.attributes)} attributes differ clearly: "
        "their 95 % interval (bootstrap over scenes and photographs) leaves no difference out."
    )
    if comparison.has_labels and comparison.classes:
        return first, f"Boxes are those of {', '.join(comparison.classes)}."
    if comparison.has_labels:
        return first, "The two have no class in common, so the boxes of all classes are compared."
    return (first,)


def _shift(one: AttributeComparison) -> Shift:
    def scaled(value: float) -> float:
        return (float(np.log(value)) if one.is_ratio else value) / one.spread

    interval = None if one.low is None or one.high is None else (scaled(one.low), scaled(one.high))
    return Shift(title=one.title, value=scaled(one.difference), interval=interval, is_clear=one.is_clear)


def _entry(one: AttributeComparison, names: tuple[str, str]) -> Entry:
    headline, _, interval = one.sentence.partition(" (")
    attribute = _BY_KEY[one.name]
    return Entry(
        content=_two_sides(one, names).content,
        title=one.title,
        headline=f"Yours: {headline}",
        note=f"{amount(attribute, one.ours)} against {amount(attribute, one.real)}"
        + (f", {interval.rstrip(')')}" if interval else "")
        + f"; Cliff's delta {one.cliffs_delta:+.2f}",
        advice=f"{one.advice} {one.variety}".strip(),
    )


def _table(comparison: Comparison) -> Table:
    rows = tuple(
        (
            one.title,
            amount(_BY_KEY[one.name], one.ours),
            amount(_BY_KEY[one.name], one.real),
            one.sentence,
            one.cliffs_delta,
            one.distance,
            one.num_ours,
            one.num_real,
        )
        for one in comparison.attributes
    )
    columns = ("attribute", "yours", "real", "yours are", "Cliff's delta", "distance", "values", "real values")
    return Table(
        columns=columns,
        rows=rows,
        caption="Cliff's delta: how often one of yours is higher than one of theirs, less how often it is lower. "
        "Distance: Wasserstein distance of the distributions, in pooled standard deviations.",
        summary="All of it as a table",
    )


def _two_sides(one: AttributeComparison, names: tuple[str, str]) -> Captioned:
    axis = Axis(label=f"{one.title}, {one.unit}" if one.unit else one.title, is_log=one.is_ratio)
    plot = plot_two_sides(one.histogram.edges, one.histogram.ours, one.histogram.real, axis, names)
    return Captioned(content=plot, caption=f"Yours: {one.sentence}. {one.variety}".strip())


def _attribute_plot(attribute: Attribute, values: Sequence[tuple[str, float]], splits: tuple[str, ...]) -> Captioned:
    known = np.array([value for _, value in values if np.isfinite(value)])
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    tallies = {split: by_step(low, max(high, low + attribute.least_spread), num_bins(known.size)) for split in splits}
    for split, tally in tallies.items():
        tally.add(np.array([value for name, value in values if name == split], dtype=np.float64))
    counts = {split: tally.counts for split, tally in tallies.items() if tally.total} or {"": tallies[splits[0]].counts}
    axis = Axis(label=f"{attribute.title}, {attribute.unit}" if attribute.unit else attribute.title)
    middle = f"Median {amount(attribute, float(np.median(known)))}. " if known.size else ""
    plot = plot_bins(tallies[splits[0]].edges, counts, axis, width_in=3.6)
    return Captioned(content=plot, caption=f"{middle}{attribute.meaning}")
