"""Two detectors on one data set: how much better one is, and whether that is more than chance.

Both are judged on the same resamples of the images, so what makes an image hard cancels out: the interval of the
difference is narrower than the two intervals suggest.
"""

from meshsight.evaluation.average_precision import average_precision, mean_known, rank_classes
from meshsight.evaluation.intervals import interval_of, mean_over_classes, resample
from meshsight.evaluation.matching import Matches
from meshsight.records.report import Difference
from meshsight.specs.evaluation import EvaluationSpec


def measure_difference(best: Matches, other: Matches, spec: EvaluationSpec, name: str) -> Difference:
    """Measures how far a detector stays behind another on the same images.

    Args:
        best: matches of the better one.
        other: matches of the other; images and truth are the same, and so are the classes but for their order.
        spec: the bootstrap.
        name: of the data set, which keys the resamples.
    """
    assert set(best.classes) == set(other.classes)
    assert best.num_images == other.num_images
    draws = [resample(matches, spec, name) for matches in (best, other)]
    ap, ap50 = (ours - theirs for ours, theirs in zip(_mean_ap(best), _mean_ap(other), strict=True))
    return Difference(
        ap=ap,
        ap50=ap50,
        ap_interval=interval_of(mean_over_classes(draws[0].ap) - mean_over_classes(draws[1].ap)),
        ap50_interval=interval_of(mean_over_classes(draws[0].ap50) - mean_over_classes(draws[1].ap50)),
    )


def _mean_ap(matches: Matches) -> tuple[float, float]:
    """Returns AP and AP50 as means over the classes that have truth; 0 without any."""
    rankings = [ranking for ranking in rank_classes(matches) if len(ranking.truth_rows)]
    values = [average_precision(one.is_true, one.is_false, len(one.truth_rows)) for one in rankings]
    ap = [mean_known(value) or 0.0 for value in values]
    return sum(ap) / max(len(ap), 1), sum(float(value[0]) for value in values) / max(len(ap), 1)
