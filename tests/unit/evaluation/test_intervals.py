"""The bootstrap against a slow one that evaluates each resample anew, and against what is known of it."""

import time

import numpy as np
import pytest

from meshsight.core.rng import stream
from meshsight.evaluation.average_precision import average_precision, rank_classes
from meshsight.evaluation.evaluate import evaluate_detections, match_detections, measure_gap
from meshsight.evaluation.intervals import interval_of, mean_over_classes, resample
from meshsight.records.detections import Detections
from meshsight.records.sample import Sample
from meshsight.specs.evaluation import EvaluationSpec

from .fakes import detections, label, random_data, sample

CLASSES = ("a", "b", "c")
BOX = (10.0, 10.0, 60.0, 60.0)


def test_equals_evaluating_each_resample_anew() -> None:
    samples, results = random_data(11, num_images=8)
    results = [_without_ties(found, index) for index, found in enumerate(results)]
    spec = EvaluationSpec(num_bootstrap=12, seed=5)
    draws = resample(match_detections(samples, results, CLASSES, spec), spec, "name")
    rng = stream(5, 0, "bootstrap/name")
    counts = rng.multinomial(8, np.full(8, 1 / 8), size=12)
    for b in range(12):
        drawn = [i for i in range(8) for _ in range(counts[b, i])]
        again = match_detections([samples[i] for i in drawn], [results[i] for i in drawn], CLASSES, spec)
        for class_id, ranking in enumerate(rank_classes(again)):
            ap = average_precision(ranking.is_true, ranking.is_false, len(ranking.truth_rows))
            np.testing.assert_allclose(draws.ap50[b, class_id], ap[0], atol=1e-9)
            np.testing.assert_allclose(draws.ap[b, class_id], ap.mean(), atol=1e-9)


def _without_ties(found: Detections, index: int) -> Detections:
    """Copies of one image have equal scores; other scores must differ, or the order is a matter of taste."""
    scores = found.scores + np.arange(len(found.scores), dtype=np.float32) * 1e-3 + np.float32(1e-5 * index)
    return Detections(boxes=found.boxes, scores=scores, class_ids=found.class_ids)


def coin_images(num: int, num_found: int) -> tuple[list[Sample], list[Detections]]:
    """One object an image, found in the first of them, and no wrong detection: AP50 is the share found."""
    samples = [sample(i, label(0, BOX)) for i in range(num)]
    return samples, [detections((0, 0.9, BOX)) if i < num_found else detections() for i in range(num)]


def test_interval_of_a_share_is_the_binomial_one() -> None:
    samples, results = coin_images(400, 240)
    report = evaluate_detections(samples, results, ("a",), EvaluationSpec(num_bootstrap=4000))
    assert report.ap50_interval is not None
    half = 1.96 * np.sqrt(0.6 * 0.4 / 400)
    assert report.ap50_interval.low == pytest.approx(0.6 - half, abs=0.008)
    assert report.ap50_interval.high == pytest.approx(0.6 + half, abs=0.008)
    assert report.ap50_interval.low < (report.headline.ap50 or 0) < report.ap50_interval.high


def test_same_seed_same_interval_and_other_seed_another() -> None:
    samples, results = coin_images(50, 30)
    one, two, other = (
        evaluate_detections(samples, results, ("a",), EvaluationSpec(seed=seed)).ap50_interval for seed in (1, 1, 2)
    )
    assert one == two != other


def test_no_bootstrap_no_interval() -> None:
    samples, results = coin_images(5, 3)
    report = evaluate_detections(samples, results, ("a",), EvaluationSpec(num_bootstrap=0))
    assert report.ap50_interval is None
    assert report.per_class[0].ap50_interval is None


def test_means_and_intervals_pass_over_what_is_undefined() -> None:
    draws = np.array([[0.2, np.nan], [np.nan, np.nan], [0.2, 0.4]])
    np.testing.assert_allclose(mean_over_classes(draws), [0.2, np.nan, 0.3])
    assert interval_of(np.array([np.nan])) is None


def test_the_gap_is_over_shared_classes_with_an_interval_of_the_difference() -> None:
    spec = EvaluationSpec(num_bootstrap=4000)
    first_samples, first_found = coin_images(400, 320)
    first_samples = [*first_samples, sample(400, label(1, BOX))]  # a class that only the first set has
    first = match_detections(first_samples, [*first_found, detections()], ("a", "b"), spec)
    other = match_detections(*coin_images(200, 100), ("a", "b"), spec)
    gap = measure_gap(("synthetic", first), ("real", other), spec)
    assert gap is not None
    assert gap.classes == ("a",)
    # COCO reads the share found at the 101 levels of recall, which may add up to 1/101
    assert (gap.ap50_first, gap.ap50_other, gap.gap) == pytest.approx((0.8, 0.5, 0.3), abs=1 / 101)
    half = 1.96 * np.sqrt(0.8 * 0.2 / 400 + 0.5 * 0.5 / 200)
    assert gap.interval is not None
    assert (gap.interval.low, gap.interval.high) == pytest.approx((0.3 - half, 0.3 + half), abs=0.012)


def test_no_shared_class_no_gap() -> None:
    spec = EvaluationSpec(num_bootstrap=10)
    first = match_detections([sample(0, label(0, BOX))], [detections()], ("a", "b"), spec)
    other = match_detections([sample(0, label(1, BOX))], [detections()], ("a", "b"), spec)
    assert measure_gap(("one", first), ("two", other), spec) is None


def test_a_thousand_resamples_of_250_images_and_8_classes_take_seconds() -> None:
    samples, results = random_data(1, num_images=250, num_classes=8)
    spec = EvaluationSpec(num_bootstrap=1000)
    matches = match_detections(samples, results, tuple("abcdefgh"), spec)
    start = time.process_time()
    resample(matches, spec, "name")
    assert time.process_time() - start < 5.0
