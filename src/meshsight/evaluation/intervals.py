"""How sure the figures are: the bootstrap over images (Efron 1979), from precomputed matches.

Shapes: b resamples, i images, k right detections of one class, c classes.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64
from scipy import sparse

from meshsight.core.rng import stream
from meshsight.evaluation.average_precision import Ranking, interpolate_ap, rank_class
from meshsight.evaluation.matching import IOU_THRESHOLDS, Matches
from meshsight.records.report import Interval
from meshsight.specs.evaluation import EvaluationSpec


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Resamples:
    """AP and AP50 of every class in every resample; NaN where a resample holds no truth of the class."""

    ap: Float64[np.ndarray, "b c"]
    ap50: Float64[np.ndarray, "b c"]


def resample(matches: Matches, spec: EvaluationSpec, name: str) -> Resamples:
    """Draws as many images as there are, with replacement, `num_bootstrap` times, and evaluates each draw.

    The draws of different `name`s are independent of each other.
    """
    weights = _draw_weights(matches.num_images, spec, name)
    shape = (spec.num_bootstrap, len(matches.classes))
    ap, ap50 = np.full(shape, np.nan), np.full(shape, np.nan)
    for class_id in range(len(matches.classes)):
        by_threshold = _resampled_ap(matches, rank_class(matches, class_id), weights)
        ap[:, class_id], ap50[:, class_id] = by_threshold.mean(axis=0), by_threshold[0]
    return Resamples(ap=ap, ap50=ap50)


def interval_of(draws: Float64[np.ndarray, " b"]) -> Interval | None:
    """Returns the 2.5 and 97.5 percentiles of the draws that are defined, or None without any."""
    known = draws[~np.isnan(draws)]
    if not known.size:
        return None
    low, high = np.quantile(known, [0.025, 0.975])
    return Interval(low=float(low), high=float(high))


def mean_over_classes(draws: Float64[np.ndarray, "b c"]) -> Float64[np.ndarray, " b"]:
    """Returns the mean of each resample over the classes that have truth in it; NaN without any."""
    known = ~np.isnan(draws)
    count = known.sum(axis=1)
    total = np.where(known, draws, 0.0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _draw_weights(num_images: int, spec: EvaluationSpec, name: str) -> Float64[np.ndarray, "i b"]:
    rng = stream(spec.seed, 0, f"bootstrap/{name}")
    if num_images == 0:
        return np.zeros((0, spec.num_bootstrap))
    counts = rng.multinomial(num_images, np.full(num_images, 1 / num_images), size=spec.num_bootstrap)
    return counts.T.astype(np.float64)


def _resampled_ap(
    matches: Matches, ranking: Ranking, weights: Float64[np.ndarray, "i b"]
) -> Float64[np.ndarray, "t b"]:
    image = matches.found.image[ranking.rows]
    num_truth = weights[matches.truth.image[ranking.truth_rows]].sum(axis=0)
    return np.stack(
        [
            _threshold_ap(image, ranking.is_true[t], ranking.is_false[t], weights, num_truth)
            for t in range(len(IOU_THRESHOLDS))
        ]
    )


def _threshold_ap(
    image: Int64[np.ndarray, " n"],
    is_true: Bool[np.ndarray, " n"],
    is_false: Bool[np.ndarray, " n"],
    weights: Float64[np.ndarray, "i b"],
    num_truth: Float64[np.ndarray, " b"],
) -> Float64[np.ndarray, " b"]:
    """AP needs the counts only at the right detections, so the wrong ones are summed into the gaps between those."""
    gap = np.cumsum(is_true)
    num_true = int(is_true.sum())
    wrong = np.flatnonzero(is_false & (gap < num_true))
    in_gap = sparse.csr_array((np.ones(len(wrong)), (gap[wrong], image[wrong])), shape=(num_true, len(weights)))
    true_counts = np.cumsum(weights[image[is_true]], axis=0)
    false_counts = np.cumsum(in_gap @ weights, axis=0)
    return interpolate_ap(true_counts.T, false_counts.T, num_truth)
