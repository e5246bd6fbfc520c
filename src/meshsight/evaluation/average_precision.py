"""From matches to average precision: COCO's interpolation at 101 levels of recall.

Shapes: t thresholds (or resamples), n detections of one class, best first.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64

from meshsight.evaluation.matching import UNMATCHED, Matches

RECALL_LEVELS = np.linspace(0.0, 1.0, 101)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ranking:
    """The detections of one class over all images, best first; of equal scores, the earlier image comes first.

    Attributes:
        rows: of each detection in `Matches.found`.
        is_true, is_false: right or wrong at each threshold; neither, when an ignore region was found.
        truth_rows: the counted objects of the class in `Matches.truth`.
    """

    rows: Int64[np.ndarray, " n"]
    is_true: Bool[np.ndarray, "t n"]
    is_false: Bool[np.ndarray, "t n"]
    truth_rows: Int64[np.ndarray, " m"]


def rank_class(matches: Matches, class_id: int) -> Ranking:
    """Sorts one class's detections and says which are right."""
    rows = np.flatnonzero(matches.found.class_id == class_id)
    rows = rows[np.argsort(-matches.found.score[rows], kind="stable")]
    matched = matches.matched[:, rows]
    is_ignored = np.append(matches.truth.is_ignored, True)[matched]
    counted = (matches.truth.class_id == class_id) & ~matches.truth.is_ignored
    return Ranking(rows=rows, is_true=~is_ignored, is_false=matched == UNMATCHED, truth_rows=np.flatnonzero(counted))


def rank_classes(matches: Matches) -> tuple[Ranking, ...]:
    """Ranks every class, in the order of the ids."""
    return tuple(rank_class(matches, class_id) for class_id in range(len(matches.classes)))


def average_precision(
    is_true: Bool[np.ndarray, "t n"],
    is_false: Bool[np.ndarray, "t n"],
    num_truth: int,
    false_weight: float = 1.0,
) -> Float64[np.ndarray, " t"]:
    """Returns the AP of ranked detections at each threshold; NaN without truth.

    A false detection counts `false_weight` (see slices.py); 1 is COCO's AP.
    """
    true_counts = np.cumsum(is_true, axis=1, dtype=np.float64)
    false_counts = false_weight * np.cumsum(is_false, axis=1, dtype=np.float64)
    return interpolate_ap(true_counts, false_counts, np.full(len(is_true), float(num_truth)))


def interpolate_ap(
    true_counts: Float64[np.ndarray, "t n"],
    false_counts: Float64[np.ndarray, "t n"],
    num_truth: Float64[np.ndarray, " t"],
) -> Float64[np.ndarray, " t"]:
    """Returns the mean over 101 recall levels of the best precision at that recall or more.

    Args:
        true_counts: right detections up to each rank; ranks without a right one may be left out.
        false_counts: wrong detections up to each rank.
        num_truth: objects to find; the result is NaN where there are none.
    """
    with np.errstate(invalid="ignore"):
        recall = true_counts / num_truth[:, None]
    precision = true_counts / np.maximum(true_counts + false_counts, np.finfo(np.float64).tiny)
    best = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    levels_reached = np.searchsorted(RECALL_LEVELS, recall, side="right")
    new_levels = np.diff(levels_reached, axis=1, prepend=0)
    ap = (best * new_levels).sum(axis=1) / len(RECALL_LEVELS)
    return np.where(num_truth > 0, ap, np.nan)


def precision_curve(
    is_true: Bool[np.ndarray, " n"], is_false: Bool[np.ndarray, " n"], num_truth: int
) -> tuple[Float64[np.ndarray, "101"], Int64[np.ndarray, "101"]]:
    """Returns interpolated precision at each recall level, and the rank that reaches it.

    Beyond the highest recall the precision is 0 and the rank is n.
    """
    true_counts = np.cumsum(is_true)
    precision = true_counts / np.maximum(true_counts + np.cumsum(is_false), 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    rank = np.searchsorted(true_counts / max(num_truth, 1), RECALL_LEVELS, side="left")
    return np.append(best, 0.0)[rank], rank


def mean_known(values: Float64[np.ndarray, "..."]) -> float | None:
    """Returns the mean of the values that are not NaN, or None when all are."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else None
