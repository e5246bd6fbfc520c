"""The parts of a page that show an evaluation; used by `evaluate`, `demo` and every later report."""

from collections.abc import Callable, Sequence

from meshsight.core.images import RgbImage
from meshsight.plotting.closeup import draw_closeup
from meshsight.plotting.draw import Mark, detection_marks, draw_fitted, image_grid
from meshsight.plotting.label_marks import USUAL, Drawn, label_marks
from meshsight.plotting.page import Block, Captioned, Fact, Facts, Gallery, Paragraph, Section, Table
from meshsight.plotting.plots import (
    Series,
    plot_bars,
    plot_class_ap,
    plot_intervals,
    plot_precision_recall,
    plot_series,
    plot_slices,
)
from meshsight.plotting.style import class_color, to_rgb
from meshsight.records.detections import Detections
from meshsight.records.report import DetectionError, ErrorKind, EvalReport, Gap, Interval
from meshsight.records.sample import Sample

ImageReader = Callable[[str], RgbImage]
"""Reads an image of the data set by its path in the samples."""

_COSTS_TEXT = (
    "What each kind of mistake costs, at any score: how much AP50 would rise if these alone were mended (TIDE, Bolya "
    "et al. 2020). The sum is no total, for mending one kind uncovers another."
)
_WHITE = to_rgb("#ffffff")
_SHOWN_SCORE = 0.3
_PICTURE_SIDE = 640
_PAIR_TEXT = 24

_KINDS: dict[ErrorKind, tuple[str, str]] = {
    "missed": ("Missed", "Objects without a detection, the largest and best visible first."),
    "class": ("Taken for another class", "The box is right and the class is wrong."),
    "localisation": ("Badly placed", "The class is right, and the box overlaps the object by less than half."),
    "both": ("Wrong class, badly placed", "Another class's object lies nearby, overlapping by less than half."),
    "background": ("No such object", "Detections where no labelled object is; often of something that looks alike."),
    "duplicate": ("Found twice", "A second detection of an object that a better one has taken."),
}


def overview_section(report: EvalReport) -> Section:
    """The numbers that matter most."""
    point = report.operating_point
    facts = [
        Fact(label="AP50", value=_rate(report.headline.ap50), note=interval_text(report.ap50_interval)),
        Fact(
            label="AP",
            value=_rate(report.headline.ap),
            note=interval_text(report.ap_interval),
        ),
        Fact(label="AP75", value=_rate(report.headline.ap75)),
        Fact(label="VOC AP", value=_rate(report.voc.integrate), note=f"{_rate(report.voc.sample)} at eleven points"),
    ]
    if point is not None:
        note = f"at score {point.score:.2f}, where F1 is best ({point.f1:.2f})"
        facts.append(Fact(label="precision", value=_rate(point.precision), note=note))
        facts.append(Fact(label="recall", value=_rate(point.recall), note=note))
    counted = Fact(
        label="objects",
        value=f"{report.num_truth:,}",
        note=f"in {report.num_images:,} images; {report.num_ignored:,} more ignored",
    )
    visibility = f"{100 * report.spec.min_visibility:.0f} %"
    text = (
        f"Objects of which less than {visibility} is visible are neither right nor wrong to find. Figures follow COCO: "
        "AP50 and AP75 ask for an IoU of 0.50 and 0.75, AP is the mean over 0.50 to 0.95. Intervals are 95 % bootstrap "
        "intervals over images."
    )
    return Section(title=f"Result on {report.name}", blocks=(Facts(facts=(*facts, counted)), Paragraph(text=text)))


def gap_section(reports: Sequence[EvalReport], gaps: Sequence[Gap]) -> Section:
    """How much is lost from the first data set to the others."""
    rows = tuple((r.name, r.headline.ap50 or 0.0, r.ap50_interval) for r in reports)
    gap_rows = tuple(
        (gap.first, gap.other, len(gap.classes), gap.ap50_first, gap.ap50_other, gap.gap, interval_text(gap.interval))
        for gap in gaps
    )
    table = Table(
        columns=("from", "to", "shared classes", "AP50 from", "AP50 to", "gap", "95 % interval"),
        rows=gap_rows,
        caption="The gap is the AP50 lost between two data sets, over the classes that both have objects of.",
    )
    return Section(
        title="The gap",
        blocks=(
            Gallery(items=(Captioned(content=plot_intervals(rows, "AP50, 95 % interval")),), min_width_px=440),
            table,
        ),
    )


def sample_section(samples: Sequence[Sample], classes: Sequence[str], read: ImageReader) -> Section:
    """A few samples with their labels."""
    items = tuple(
        Captioned(
            content=draw_fitted(read(sample.image), label_marks(sample, classes), _PICTURE_SIDE, 20),
            caption=sample.image,
        )
        for sample in samples
    )
    text = "Boxes lie tightly around what is visible. Grey, dashed regions are ignored."
    return Section(title="Labelled samples", blocks=(Paragraph(text=text), Gallery(items=items, min_width_px=260)))


def prediction_section(
    pairs: Sequence[tuple[Sample, Detections]], classes: Sequence[str], read: ImageReader, min_score: float | None
) -> Section:
    """Truth on the left, detections from `min_score` on (0.3 if None) on the right."""
    score = _SHOWN_SCORE if min_score is None else min_score
    items: list[Captioned] = []
    for sample, found in pairs:
        image = read(sample.image)
        truth = draw_fitted(image, label_marks(sample, classes, USUAL - {Drawn.MASKS}), _PICTURE_SIDE, _PAIR_TEXT)
        predicted = draw_fitted(image, detection_marks(found, classes, score), _PICTURE_SIDE, _PAIR_TEXT)
        items.append(Captioned(content=image_grid([truth, predicted], columns=2), caption=sample.image))
    text = (
        f"Left the truth, right what the detector finds, with its score in per cent. Shown from a score of {score:.2f}."
    )
    return Section(
        title="Predictions beside truth", blocks=(Paragraph(text=text), Gallery(items=tuple(items), min_width_px=440))
    )


def class_section(report: EvalReport) -> Section:
    """Precision-recall curves, AP of each class, and a table of both."""
    plots = (
        Captioned(content=plot_precision_recall(report), caption="Precision over recall at IoU 0.5."),
        Captioned(content=plot_class_ap(report), caption="AP50 of each class with its 95 % interval."),
    )
    rows = tuple((c.name, c.num_truth, c.ap50, c.ap75, c.ap, c.recall50) for c in report.per_class)
    table = Table(columns=("class", "objects", "AP50", "AP75", "AP", "recall at IoU 0.5"), rows=rows)
    return Section(title="Classes", blocks=(Gallery(items=plots, min_width_px=420), table))


def slice_section(report: EvalReport) -> Section:
    """AP over visibility, occlusion, truncation and size."""
    attributes = dict.fromkeys(one.attribute for one in report.slices)
    plots = tuple(Captioned(content=plot_slices(report.slices, name), caption=f"By {name}.") for name in attributes)
    rows = tuple((s.attribute, s.label, s.num_truth, s.ap50, s.ap, s.recall50) for s in report.slices)
    table = Table(
        columns=("attribute", "part", "objects", "AP50", "AP", "recall at IoU 0.5"),
        rows=rows,
        summary="The same as a table",
    )
    text = (
        "Objects outside a part neither help nor harm. A false positive has a size, so a part by size counts those of "
        "its size; it has no visibility, so there every part counts all of them by its share of the objects."
    )
    return Section(
        title="Visibility and size", blocks=(Paragraph(text=text), Gallery(items=plots, min_width_px=420), table)
    )


def error_section(report: EvalReport, read: ImageReader, num_each: int = 8) -> Section:
    """The gravest mistakes of each kind, cut out, and which classes are taken for which."""
    point = report.operating_point
    score = "any score" if point is None else f"a score of {point.score:.2f}"
    blocks: list[Block] = [Paragraph(text=f"Mistakes from {score} on, where F1 is best. White and dashed: the truth.")]
    blocks.append(Facts(facts=tuple(_count_fact(report, kind) for kind in _KINDS)))
    blocks += [Paragraph(text=_COSTS_TEXT), Gallery(items=(_cost_plot(report),), min_width_px=420)]
    for kind, (title, text) in _KINDS.items():
        worst = [error for error in report.worst_errors if error.kind == kind][:num_each]
        if worst:
            items = tuple(_error_picture(error, report.classes, read) for error in worst)
            blocks += [Paragraph(text=f"{title}. {text}"), Gallery(items=items, min_width_px=190)]
    if report.confusions:
        rows = tuple((c.truth_class, c.predicted_class, c.count) for c in report.confusions[:12])
        blocks.append(Table(columns=("object", "taken for", "times"), rows=rows))
    return Section(title="Worst mistakes", blocks=tuple(blocks))


def training_section(losses: Series, validation: Series) -> Section:
    """The loss over the steps of a run, and the validation figures."""
    items = [Captioned(content=plot_series(losses, "step", "loss"), caption="Training loss.")]
    if validation:
        items.append(Captioned(content=plot_series(validation, "step", "AP"), caption="Validation during training."))
    return Section(title="Training", blocks=(Gallery(items=tuple(items), min_width_px=420),))


def interval_text(interval: Interval | None) -> str:
    """Returns an interval as people write it, or nothing."""
    return "" if interval is None else f"{interval.low:.3f} to {interval.high:.3f}"


def _cost_plot(report: EvalReport) -> Captioned:
    bars = [(_KINDS[cost.kind][0], cost.ap50) for cost in report.error_costs]
    return Captioned(content=plot_bars(bars, "AP50 to be won"), caption="AP50 won by mending one kind of mistake.")


def _rate(value: float | None) -> str:
    return "\N{EN DASH}" if value is None else f"{value:.3f}"


def _count_fact(report: EvalReport, kind: ErrorKind) -> Fact:
    return Fact(label=_KINDS[kind][0].lower(), value=f"{report.error_counts[kind]:,}")


def _error_picture(error: DetectionError, classes: Sequence[str], read: ImageReader) -> Captioned:
    marks = [] if error.truth_box is None else [Mark(box=error.truth_box, text="", color=_WHITE, is_dashed=True)]
    caption = error.class_name
    if error.score is not None:
        text = f"{error.class_name} {100 * error.score:.0f}"
        marks.append(Mark(box=error.box, text=text, color=class_color(classes.index(error.class_name))))
        caption = f"{error.class_name} at {error.score:.2f}"
    if error.kind == "class":
        caption += f", in truth {error.truth_class}"
    if error.iou is not None:
        caption += f", IoU {error.iou:.2f}"
    return Captioned(content=draw_closeup(read(error.image), error.box, marks), caption=f"{caption} · {error.image}")
