"""Which detection found which object: COCO's greedy matching, once, for every IoU threshold.

Everything else of this package is a fold over the `Matches` made here. Shapes: t thresholds, n detections, m objects.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64

from meshsight.core.boxes import box_iof, box_iou
from meshsight.evaluation.flatten import FlatDetections, FlatTruth

IOU_THRESHOLDS = np.linspace(0.5, 0.95, 10)
UNMATCHED = -1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Matches:
    """Which object each detection found.

    Attributes:
        classes: names by class id.
        num_images: images compared, also empty ones.
        truth, found: what was compared.
        matched: row of `truth` that each detection is given at each threshold of `IOU_THRESHOLDS`, or `UNMATCHED`.
    """

    classes: tuple[str, ...]
    num_images: int
    truth: FlatTruth
    found: FlatDetections
    matched: Int64[np.ndarray, "t n"]


def match(classes: tuple[str, ...], num_images: int, truth: FlatTruth, found: FlatDetections) -> Matches:
    """Matches the detections of each image and class to its objects."""
    matched = np.full((len(IOU_THRESHOLDS), len(found.score)), UNMATCHED, dtype=np.int64)
    truth_group = truth.image * len(classes) + truth.class_id
    found_group = found.image * len(classes) + found.class_id
    by_group = np.argsort(truth_group, kind="stable")
    for group in np.intersect1d(truth_group, found_group):
        low, high = np.searchsorted(truth_group[by_group], [group, group + 1])
        start, stop = np.searchsorted(found_group, [group, group + 1])
        rows = by_group[low:high]
        overlap = measure_overlap(found.box[start:stop], truth.box[rows], truth.is_ignored[rows])
        local = match_group(overlap, truth.is_ignored[rows], truth.is_ignored[rows], IOU_THRESHOLDS)
        matched[:, start:stop] = np.where(local == UNMATCHED, UNMATCHED, rows[local])
    return Matches(classes=classes, num_images=num_images, truth=truth, found=found, matched=matched)


def measure_overlap(
    found: Float64[np.ndarray, "d 4"], truth: Float64[np.ndarray, "g 4"], is_crowd: Bool[np.ndarray, " g"]
) -> Float64[np.ndarray, "d g"]:
    """Returns IoU with objects and, with crowd regions, the share of the detection inside."""
    return np.where(is_crowd, box_iof(found, truth), box_iou(found, truth))


def match_group(
    overlap: Float64[np.ndarray, "d g"],
    is_ignored: Bool[np.ndarray, " g"],
    is_crowd: Bool[np.ndarray, " g"],
    thresholds: Float64[np.ndarray, " t"],
) -> Int64[np.ndarray, "t d"]:
    """Matches detections, best first, to the objects of one image and class as `pycocotools.COCOeval.evaluateImg` does.

    A detection takes the object it overlaps most (of equal ones the last) among those not yet taken, if the overlap
    reaches the threshold. Ignored objects come only where no other will do, and a crowd region is never used up.
    """
    limits = np.minimum(thresholds, 1 - 1e-10)[:, None]
    taken = np.zeros((len(thresholds), len(is_ignored)), dtype=bool)
    matched = np.full((len(thresholds), len(overlap)), UNMATCHED, dtype=np.int64)
    for d in np.flatnonzero((overlap >= limits.min()).any(axis=1)):
        usable = (overlap[d] >= limits) & (~taken | is_crowd)
        regular = usable & ~is_ignored
        has_regular = np.any(regular, axis=1, keepdims=True)
        pool = (regular & has_regular) | (usable & ~has_regular)
        backwards = np.where(pool, overlap[d], -1.0)[:, ::-1]
        best = overlap.shape[1] - 1 - backwards.argmax(axis=1)
        hit = np.flatnonzero(np.any(pool, axis=1))
        matched[hit, d] = best[hit]
        taken[hit, best[hit]] = True
    return matched
