"""Step 8 of the walk: the result of an evaluation, as plain data that goes to JSON and comes back equal.

Every rate lies in 0..1; None stands for a figure that the data cannot give (no truth of that class, size or slice).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from pydantic import TypeAdapter, ValidationError

from meshsight.core.errors import DataError
from meshsight.core.files import write_json
from meshsight.records.sample import Box
from meshsight.specs.evaluation import EvaluationSpec

VERSION = 2

ErrorKind = Literal["missed", "background", "localisation", "class", "both", "duplicate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A 95 % interval."""

    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadlineMetrics:
    """COCO's twelve figures; AP without a number is the mean over IoU 0.50 to 0.95.

    Attributes:
        ap, ap50, ap75: average precision.
        ap_small, ap_medium, ap_large: by area in original pixels: below 32^2, up to 96^2, above.
        ar_1, ar_10, ar_100: average recall with that many detections a class and image.
        ar_small, ar_medium, ar_large: average recall by area.
    """

    ap: float | None
    ap50: float | None
    ap75: float | None
    ap_small: float | None
    ap_medium: float | None
    ap_large: float | None
    ar_1: float | None
    ar_10: float | None
    ar_100: float | None
    ar_small: float | None
    ar_medium: float | None
    ar_large: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassReport:
    """The figures of one class; `recall50` is the share of its objects found at IoU 0.5 at any score."""

    name: str
    num_truth: int
    ap: float | None
    ap50: float | None
    ap75: float | None
    recall50: float | None
    ap50_interval: Interval | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceReport:
    """The figures over a part of the truth.

    Attributes:
        attribute: what the truth is divided by, such as "visibility".
        label: the part, such as "50-75 %".
        num_truth: counted objects in it.
        ap, ap50: means over the classes that have truth in it.
        recall50: share of its objects that are found at IoU 0.5 at any score.
    """

    attribute: str
    label: str
    num_truth: int
    ap: float | None
    ap50: float | None
    recall50: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Precision over recall of one class at one IoU threshold.

    Attributes:
        name: the class.
        iou: the threshold.
        precision: interpolated precision at recall 0.00, 0.01, ... 1.00; 0 beyond the highest recall.
        score: score at which that recall is reached; 0 beyond the highest recall.
    """

    name: str
    iou: float
    precision: tuple[float, ...]
    score: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatingPoint:
    """The score threshold of the best F1 over all classes, at IoU 0.5."""

    score: float
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionError:
    """One mistake.

    Attributes:
        kind: "missed" (an object without detection), "class" (an object taken for another class), "duplicate" (an
            object found twice), "localisation" (right class, IoU between 0.1 and 0.5), "both" (another class's object,
            IoU between 0.1 and 0.5), "background" (nothing there).
        image: the sample's image path.
        box: of the detection, or of the missed object.
        class_name: of the detection, or of the missed object.
        score: of the detection; None when missed.
        truth_class, truth_box: the object that the mistake is about; None for background.
        iou: overlap of the two boxes; None when missed or background.
        weight: how bad it is: a detection's score, or the visible share of a missed object times its size in the image.
    """

    kind: ErrorKind
    image: str
    box: Box
    class_name: str
    score: float | None
    truth_class: str | None
    truth_box: Box | None
    iou: float | None
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorCost:
    """How much AP50 would rise if the mistakes of one kind alone were mended (TIDE's dAP), over all scores."""

    kind: ErrorKind
    ap50: float


@dataclass(frozen=True, slots=True, kw_only=True)
class VocMetrics:
    """Pascal VOC's average precision at IoU 0.5, which other systems publish in place of COCO's AP50.

    Attributes:
        integrate: the area below the curve (VOC 2010).
        sample: the mean at eleven levels of recall (VOC 2007).
    """

    integrate: float | None
    sample: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """How often objects of one class are taken for another, at the operating point."""

    truth_class: str
    predicted_class: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalReport:
    """Everything measured on one data set.

    Attributes:
        name: of the data set.
        classes: names by class id.
        num_images, num_truth, num_ignored, num_detections: what was compared; ignored truth is not in `num_truth`.
        headline: COCO's figures.
        ap_interval, ap50_interval: 95 % bootstrap intervals over images.
        operating_point: None without any right detection.
        per_class, slices, curves: the figures in parts.
        voc: Pascal VOC's figures.
        error_counts: mistakes at the operating point by kind.
        error_costs: what each kind of mistake costs.
        confusions: class mistakes at the operating point, most frequent first.
        worst_errors: the gravest mistakes at the operating point, kind after kind, gravest first.
        spec: how it was judged.
        version: of this record.
    """

    name: str
    classes: tuple[str, ...]
    num_images: int
    num_truth: int
    num_ignored: int
    num_detections: int
    headline: HeadlineMetrics
    ap_interval: Interval | None
    ap50_interval: Interval | None
    operating_point: OperatingPoint | None
    per_class: tuple[ClassReport, ...]
    slices: tuple[SliceReport, ...]
    curves: tuple[Curve, ...]
    voc: VocMetrics
    error_counts: dict[ErrorKind, int]
    error_costs: tuple[ErrorCost, ...]
    confusions: tuple[Confusion, ...]
    worst_errors: tuple[DetectionError, ...]
    spec: EvaluationSpec
    version: int = VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """How much worse a detector does on one data set than on another.

    Attributes:
        first, other: names of the data sets; the first is usually the synthetic one.
        classes: those with truth in both, over which both figures are means.
        ap50_first, ap50_other: AP50 over these classes.
        gap: ap50_first - ap50_other.
        interval: 95 % interval of the gap, from independent bootstraps of both sets.
    """

    first: str
    other: str
    classes: tuple[str, ...]
    ap50_first: float
    ap50_other: float
    gap: float
    interval: Interval | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How far a detector stays behind a better one on the same images, with paired 95 % bootstrap intervals."""

    ap: float
    ap50: float
    ap_interval: Interval | None
    ap50_interval: Interval | None


_REPORT = TypeAdapter(EvalReport)


def report_to_json(report: EvalReport) -> dict[str, Any]:
    """Returns a report as mappings, lists and scalars; `report_from_json` gives an equal one back."""
    return _REPORT.dump_python(report, mode="json")


def report_from_json(data: Any, where: str) -> EvalReport:
    """Builds a report from plain data; `where` names its source in the error.

    Raises:
        DataError: it is no report, or one of another version.
    """
    found = cast(dict[str, Any], data).get("version") if isinstance(data, dict) else None
    if found != VERSION:
        raise DataError(f"{where}: expected an evaluation of version {VERSION}, found {found!r}. Evaluate again.")
    try:
        return _REPORT.validate_python(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = ".".join(str(part) for part in first["loc"])
        raise DataError(f"{where}: {path}: {first['msg']}. Evaluate again.") from error


def write_report(path: Path, report: EvalReport) -> None:
    """Writes a report as JSON, atomically."""
    write_json(path, report_to_json(report))
