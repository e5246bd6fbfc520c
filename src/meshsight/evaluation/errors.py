"""What goes wrong at the operating point: every mistake at IoU 0.5 with its kind (see error_kinds.py), and where.

An object that no detection takes is *missed* here, whatever else is detected there.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from jaxtyping import Float64

from meshsight.evaluation.error_kinds import WRONG_KINDS, Wrong, find_wrong
from meshsight.evaluation.flatten import longest_side
from meshsight.evaluation.matching import UNMATCHED, Matches
from meshsight.records.report import Confusion, DetectionError, ErrorKind, OperatingPoint
from meshsight.records.sample import Box, Sample

KINDS: tuple[ErrorKind, ...] = ("missed", "background", "localisation", "class", "both", "duplicate")


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
    found = find_wrong(matches)
    counted = np.flatnonzero(matches.found.score[found.row] >= min_score).tolist()
    wrong = (_describe_wrong(matches, samples, found, index) for index in counted)
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


def _describe_wrong(matches: Matches, samples: Sequence[Sample], wrong: Wrong, index: int) -> DetectionError:
    found, truth, row = matches.found, matches.truth, int(wrong.row[index])
    truth_row = int(wrong.truth_row[index])
    is_about_object = truth_row != UNMATCHED
    score = float(found.score[row])
    return DetectionError(
        kind=WRONG_KINDS[int(wrong.kind[index])],
        image=samples[int(found.image[row])].image,
        box=_as_box(found.box[row]),
        class_name=matches.classes[int(found.class_id[row])],
        score=score,
        truth_class=matches.classes[int(truth.class_id[truth_row])] if is_about_object else None,
        truth_box=_as_box(truth.box[truth_row]) if is_about_object else None,
        iou=float(wrong.iou[index]) if is_about_object else None,
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
