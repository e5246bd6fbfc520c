"""Average precision as Pascal VOC measures it, for comparison with what is published so (Everingham et al., IJCV 2010).

It differs from COCO's AP50 in the matching, where a detection belongs to the object that it overlaps most, whether or
not a better detection has taken it, and in how the curve becomes a number: *integrate* is the area below it (VOC 2010
and later), *sample* the mean at eleven levels of recall (VOC 2007). These are the two modes of TAO's evaluation.
"""

import numpy as np
from jaxtyping import Bool, Float64, Int64

from meshsight.core.boxes import box_iou
from meshsight.evaluation.average_precision import mean_known
from meshsight.evaluation.matching import Matches
from meshsight.records.report import VocMetrics

_IOU = 0.5
_LEVELS = np.linspace(0.0, 1.0, 11)


def measure_voc(matches: Matches) -> VocMetrics:
    """Returns both figures, as means over the classes that have truth; None without any."""
    integrated = np.full(len(matches.classes), np.nan)
    sampled = np.full(len(matches.classes), np.nan)
    for class_id in range(len(matches.classes)):
        num_truth = int(((matches.truth.class_id == class_id) & ~matches.truth.is_ignored).sum())
        if num_truth:
            is_true, is_false = _judge(matches, class_id)
            recall = np.cumsum(is_true) / num_truth
            precision = np.cumsum(is_true) / np.maximum(np.cumsum(is_true) + np.cumsum(is_false), 1)
            integrated[class_id], sampled[class_id] = integrate(recall, precision), sample(recall, precision)
    return VocMetrics(integrate=mean_known(integrated), sample=mean_known(sampled))


def integrate(recall: Float64[np.ndarray, " n"], precision: Float64[np.ndarray, " n"]) -> float:
    """Returns the area below the curve, whose precision is made to fall monotonically."""
    best = np.maximum.accumulate(precision[::-1])[::-1]
    return float((np.diff(recall, prepend=0.0) * best).sum())


def sample(recall: Float64[np.ndarray, " n"], precision: Float64[np.ndarray, " n"]) -> float:
    """Returns the mean over recall 0, 0.1, ... 1 of the best precision at that recall or more."""
    return float(np.mean([precision[recall >= level].max(initial=0.0) for level in _LEVELS]))


def _judge(matches: Matches, class_id: int) -> tuple[Bool[np.ndarray, " n"], Bool[np.ndarray, " n"]]:
    """Tells which detections of a class, best first, are right and wrong; those of ignored objects are neither."""
    found, truth = matches.found, matches.truth
    rows = np.flatnonzero(found.class_id == class_id)
    rows = rows[np.argsort(-found.score[rows], kind="stable")]
    is_true, is_false = np.zeros(len(rows), bool), np.zeros(len(rows), bool)
    is_taken = np.zeros(len(truth.image), bool)
    by_image = _rows_by_image(matches, class_id)
    for place, row in enumerate(rows.tolist()):
        candidates = by_image.get(int(found.image[row]))
        overlap = np.zeros(0) if candidates is None else box_iou(found.box[[row]], truth.box[candidates])[0]
        if candidates is None or overlap.max() < _IOU:
            is_false[place] = True
            continue
        best = int(candidates[overlap.argmax()])
        is_counted = not truth.is_ignored[best]
        is_true[place], is_false[place] = is_counted and not is_taken[best], is_counted and is_taken[best]
        is_taken[best] = True
    return is_true, is_false


def _rows_by_image(matches: Matches, class_id: int) -> dict[int, Int64[np.ndarray, " g"]]:
    rows = np.flatnonzero(matches.truth.class_id == class_id)
    images = matches.truth.image[rows]
    return {int(image): rows[images == image] for image in np.unique(images)}
