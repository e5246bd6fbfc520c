"""What goes wrong: every mistake at IoU 0.5 with its kind, in the spirit of TIDE (Bolya et al., ECCV 2020).

A wrong detection is, in this order: a *duplicate* (IoU >= 0.5 with an object of its class that a better detection
took), of the wrong *class* (IoU >= 0.5 with another class's object), badly *localised* (IoU >= 0.1 with an object of
its class), or *background*. An object that no detection takes is *missed*, whatever else is detected there.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64

from meshsight.core.boxes import box_iou
from meshsight.evaluation.flatten import longest_side
from meshsight.evaluation.matching import UNMATCHED, Matches
from meshsight.records.report import Confusion, DetectionError, ErrorKind, OperatingPoint
from meshsight.records.sample import Box, Sample

_FOREGROUND = 0.5
_NEAR = 0.1

KINDS: tuple[ErrorKind, ...] = ("missed", "background", "localisation", "class", "duplicate")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wrong:
    """A wrong detection: its row, its kind, and the object it is about with their overlap, if any."""

    row: int
    kind: ErrorKind
    truth_row: int | None
    iou: float | None


def find_operating_point(matches: Matches) -> OperatingPoint | None:
    """Returns the score threshold with the best F1 over all classes; None without a right detection."""
    order = np.argsort(-matches.found.score, kind="stable")
    score, matched = matches.found.score[order], matches.matched[0, order]
    is_true = ~np.append(matches.truth.is_ignored, True)[matched]
    num_truth = int((~matches.truth.is_ignored).sum())
    if not is_true.any():
        return None
    right, wrong = np.cumsum(is_true), np.cumsum(matched == UNMATCHED)
    f1 = 2 * right / (right + wrong + num_truth)
    is_last_of_score = np.append(score[1:] != score[:-1], True)
    best = int(np.argmax(np.where(is_last_of_score, f1, -1.0)))
    return OperatingPoint(
        score=float(score[best]),
        precision=float(right[best] / max(right[best] + wrong[best], 1)),
        recall=float(right[best] / num_truth),
        f1=float(f1[best]),
    )


def find_errors(matches: Matches, samples: Sequence[Sample], min_score: float) -> tuple[DetectionError, ...]:
    """Lists every mistake of the detections that score at least `min_score`, gravest first."""
    wrong = (_describe_wrong(matches, samples, one) for one in _wrong_detections(matches, min_score))
    missed = (_describe_missed(matches, samples, row) for row in _missed_rows(matches, min_score))
    return tuple(sorted((*wrong, *missed), key=lambda error: -error.weight))


def count_errors(errors: Iterable[DetectionError]) -> dict[ErrorKind, int]:
    """Returns how many mistakes of each kind there are, also the kinds without any."""
    counts = Counter(error.kind for error in errors)
    return {kind: counts[kind] for kind in KINDS}


def count_confusions(errors: Iterable[DetectionError]) -> tuple[Confusion, ...]:
    """Returns the pairs of classes that are confused, most frequent first."""
    pairs = Counter(
        (error.truth_class, error.class_name)
        for error in errors
        if error.kind == "class" and error.truth_class is not None
    )
    return tuple(
        Confusion(truth_class=truth, predicted_class=predicted, count=count)
        for (truth, predicted), count in pairs.most_common()
    )


def worst_of_each_kind(errors: Sequence[DetectionError], num_worst: int) -> tuple[DetectionError, ...]:
    """Keeps the gravest mistakes of each kind, in equal shares of `num_worst`, kind after kind."""
    share = num_worst // len(KINDS)
    return tuple(error for kind in KINDS for error in [e for e in errors if e.kind == kind][:share])


def _missed_rows(matches: Matches, min_score: float) -> list[int]:
    taken = matches.matched[0, matches.found.score >= min_score]
    is_missed = ~matches.truth.is_ignored
    is_missed[taken[taken != UNMATCHED]] = False
    return np.flatnonzero(is_missed).tolist()


def _wrong_detections(matches: Matches, min_score: float) -> list[_Wrong]:
    rows = np.flatnonzero((matches.matched[0] == UNMATCHED) & (matches.found.score >= min_score))
    truth_starts = np.searchsorted(matches.truth.image, np.arange(matches.num_images + 1))
    wrong: list[_Wrong] = []
    for row in rows.tolist():
        image = int(matches.found.image[row])
        in_image = np.arange(int(truth_starts[image]), int(truth_starts[image + 1]))
        wrong.append(_classify(matches, row, in_image))
    return wrong


def _classify(matches: Matches, row: int, truth_rows: Int64[np.ndarray, " g"]) -> _Wrong:
    iou = box_iou(matches.found.box[[row]], matches.truth.box[truth_rows])[0]
    is_same = matches.truth.class_id[truth_rows] == matches.found.class_id[row]
    is_counted = ~matches.truth.is_ignored[truth_rows]
    rules: tuple[tuple[ErrorKind, Bool[np.ndarray, " g"]], ...] = (
        ("duplicate", is_same & is_counted & (iou >= _FOREGROUND)),
        ("class", ~is_same & (iou >= _FOREGROUND)),  # also of an object too hidden to count
        ("localisation", is_same & is_counted & (iou >= _NEAR)),
    )
    for kind, fits in rules:
        if fits.any():
            best = int(np.argmax(np.where(fits, iou, -1.0)))
            return _Wrong(row=row, kind=kind, truth_row=int(truth_rows[best]), iou=float(iou[best]))
    return _Wrong(row=row, kind="background", truth_row=None, iou=None)


def _describe_wrong(matches: Matches, samples: Sequence[Sample], wrong: _Wrong) -> DetectionError:
    found, truth, row = matches.found, matches.truth, wrong.truth_row
    score = float(found.score[wrong.row])
    return DetectionError(
        kind=wrong.kind,
        image=samples[int(found.image[wrong.row])].image,
        box=_as_box(found.box[wrong.row]),
        class_name=matches.classes[int(found.class_id[wrong.row])],
        score=score,
        truth_class=None if row is None else matches.classes[int(truth.class_id[row])],
        truth_box=None if row is None else _as_box(truth.box[row]),
        iou=wrong.iou,
        weight=score,
    )


def _describe_missed(matches: Matches, samples: Sequence[Sample], row: int) -> DetectionError:
    truth = matches.truth
    sample = samples[int(truth.image[row])]
    visibility = 1.0 if np.isnan(truth.visibility[row]) else float(truth.visibility[row])
    size = float(longest_side(truth.box[[row]])[0]) / max(sample.size_hw)
    name = matches.classes[int(truth.class_id[row])]
    return DetectionError(
        kind="missed",
        image=sample.image,
        box=_as_box(truth.box[row]),
        class_name=name,
        score=None,
        truth_class=name,
        truth_box=_as_box(truth.box[row]),
        iou=None,
        weight=visibility * size,
    )


def _as_box(corners: Float64[np.ndarray, "4"]) -> Box:
    x1, y1, x2, y2 = corners.tolist()
    return x1, y1, x2, y2
