"""Step 8 of the walk: detections and truth of a data set become an EvalReport."""

from collections.abc import Sequence

import numpy as np

from meshsight.evaluation.average_precision import (
    Ranking,
    average_precision,
    mean_known,
    precision_curve,
    rank_classes,
)
from meshsight.evaluation.error_kinds import measure_costs
from meshsight.evaluation.errors import (
    count_confusions,
    count_errors,
    find_errors,
    find_operating_point,
    worst_of_each_kind,
)
from meshsight.evaluation.flatten import flatten_detections, flatten_truth
from meshsight.evaluation.headline import compute_headline
from meshsight.evaluation.intervals import Resamples, interval_of, mean_over_classes, resample
from meshsight.evaluation.matching import IOU_THRESHOLDS, Matches, match
from meshsight.evaluation.slices import slice_matches
from meshsight.evaluation.voc import measure_voc
from meshsight.records.detections import Detections
from meshsight.records.report import ClassReport, Curve, EvalReport, Gap, HeadlineMetrics
from meshsight.records.sample import Sample
from meshsight.specs.evaluation import EvaluationSpec


def headline_metrics(
    samples: Sequence[Sample], detections: Sequence[Detections], classes: tuple[str, ...], min_visibility: float
) -> HeadlineMetrics:
    """Computes COCO's twelve figures and nothing else, fast enough for every epoch."""
    truth = flatten_truth(samples, len(classes), min_visibility)
    found = flatten_detections(detections, len(classes))
    return compute_headline(classes, len(samples), truth, found)


def evaluate_detections(
    samples: Sequence[Sample],
    detections: Sequence[Detections],
    classes: tuple[str, ...],
    spec: EvaluationSpec,
    name: str = "data",
) -> EvalReport:
    """Measures everything about the detections of a data set.

    Args:
        samples: the truth.
        detections: one result for each sample, in the same order; class ids as in the truth.
        classes: names by class id.
        spec: what counts, and the bootstrap.
        name: of the data set, for the report and to key its bootstrap.
    """
    return make_report(match_detections(samples, detections, classes, spec), samples, spec, name)


def match_detections(
    samples: Sequence[Sample], detections: Sequence[Detections], classes: tuple[str, ...], spec: EvaluationSpec
) -> Matches:
    """Matches the detections of a data set to its truth; see `evaluate_detections` for the arguments."""
    assert len(samples) == len(detections), f"{len(samples)} samples but {len(detections)} results"
    truth = flatten_truth(samples, len(classes), spec.min_visibility)
    return match(classes, len(samples), truth, flatten_detections(detections, len(classes)))


def make_report(matches: Matches, samples: Sequence[Sample], spec: EvaluationSpec, name: str) -> EvalReport:
    """Folds matches into a report."""
    truth, found = matches.truth, matches.found
    rankings = rank_classes(matches)
    draws = resample(matches, spec, name)
    point = find_operating_point(matches)
    errors = find_errors(matches, samples, min_score=0.0 if point is None else point.score)
    return EvalReport(
        name=name,
        classes=matches.classes,
        num_images=matches.num_images,
        num_truth=int((~truth.is_ignored).sum()),
        num_ignored=int(truth.is_ignored.sum()),
        num_detections=len(found.score),
        headline=compute_headline(matches.classes, matches.num_images, truth, found),
        ap_interval=interval_of(mean_over_classes(draws.ap)),
        ap50_interval=interval_of(mean_over_classes(draws.ap50)),
        operating_point=point,
        per_class=tuple(_report_class(matches, ranking, i, draws) for i, ranking in enumerate(rankings)),
        slices=slice_matches(matches, rankings),
        curves=tuple(_draw_curve(matches, ranking, i) for i, ranking in enumerate(rankings)),
        voc=measure_voc(matches),
        error_counts=count_errors(errors),
        error_costs=measure_costs(matches),
        confusions=count_confusions(errors),
        worst_errors=worst_of_each_kind(errors, spec.num_worst),
        spec=spec,
    )


def measure_gap(first: tuple[str, Matches], other: tuple[str, Matches], spec: EvaluationSpec) -> Gap | None:
    """Measures how much lower AP50 is on another data set, over the classes that both have truth of; None without any.

    Both sets are resampled independently; the interval is that of the difference.
    """
    names = [name for name, _ in (first, other)]
    ap50 = [_ap50_by_class(matches) for _, matches in (first, other)]
    shared = np.flatnonzero(~np.isnan(ap50[0]) & ~np.isnan(ap50[1]))
    if not shared.size:
        return None
    draws = [mean_over_classes(resample(matches, spec, name).ap50[:, shared]) for name, matches in (first, other)]
    means = [float(values[shared].mean()) for values in ap50]
    return Gap(
        first=names[0],
        other=names[1],
        classes=tuple(first[1].classes[i] for i in shared),
        ap50_first=means[0],
        ap50_other=means[1],
        gap=means[0] - means[1],
        interval=interval_of(draws[0] - draws[1]),
    )


def _ap50_by_class(matches: Matches) -> np.ndarray:
    return np.array([_class_ap(ranking)[0] for ranking in rank_classes(matches)])


def _class_ap(ranking: Ranking) -> np.ndarray:
    return average_precision(ranking.is_true, ranking.is_false, len(ranking.truth_rows))


def _report_class(matches: Matches, ranking: Ranking, class_id: int, draws: Resamples) -> ClassReport:
    ap = _class_ap(ranking)
    num_truth = len(ranking.truth_rows)
    return ClassReport(
        name=matches.classes[class_id],
        num_truth=num_truth,
        ap=mean_known(ap) if num_truth else None,
        ap50=mean_known(ap[:1]),
        ap75=mean_known(ap[5:6]),
        recall50=float(ranking.is_true[0].sum() / num_truth) if num_truth else None,
        ap50_interval=interval_of(draws.ap50[:, class_id]) if num_truth else None,
    )


def _draw_curve(matches: Matches, ranking: Ranking, class_id: int) -> Curve:
    precision, rank = precision_curve(ranking.is_true[0], ranking.is_false[0], len(ranking.truth_rows))
    score = np.append(matches.found.score[ranking.rows], 0.0)[rank]
    return Curve(
        name=matches.classes[class_id],
        iou=float(IOU_THRESHOLDS[0]),
        precision=tuple(precision.tolist()),
        score=tuple(score.tolist()),
    )
