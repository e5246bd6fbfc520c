"""Curves and areas against counting by hand, for every threshold."""

import numpy as np
import pytest

from meshsight.evaluation.circles import centre_errors, circle_ious, radius_errors
from meshsight.evaluation.classification import (
    average_precision,
    best_f_beta,
    confusion,
    group_resamples,
    roc_auc,
    score_curve,
    threshold_for_precision,
)


@pytest.fixture
def guesses() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    truth = rng.random(300) < 0.3
    return np.round(np.clip(rng.normal(0.4 + 0.2 * truth, 0.15), 0, 1), 2), truth  # with ties


def test_curves_equal_counting_at_every_threshold(guesses) -> None:
    scores, truth = guesses
    curve = score_curve(scores, truth)
    assert list(curve.thresholds) == sorted(set(scores.tolist()), reverse=True)
    for index, threshold in enumerate(curve.thresholds):
        found = confusion(scores, truth, threshold)
        assert curve.precision[index] == pytest.approx(found.precision)
        assert curve.recall[index] == pytest.approx(found.recall)
        assert curve.false_positive_rate[index] == pytest.approx(
            found.false_positives / (found.false_positives + found.true_negatives)
        )
    assert best_f_beta(curve, 0.25) == pytest.approx(
        max(confusion(scores, truth, threshold).f_beta(0.25) for threshold in scores)
    )


def test_the_roc_area_is_the_chance_of_the_right_order(guesses) -> None:
    scores, truth = guesses
    right, wrong = scores[truth][:, None], scores[~truth][None]
    assert roc_auc(score_curve(scores, truth)) == pytest.approx(((right > wrong) + 0.5 * (right == wrong)).mean())
    assert roc_auc(score_curve(scores, np.ones(300, bool))) is None
    assert average_precision(score_curve(scores, np.zeros(300, bool))) is None


def test_average_precision_of_a_perfect_and_of_a_known_ranking() -> None:
    assert average_precision(score_curve(np.array([0.9, 0.8, 0.1]), np.array([True, True, False]))) == 1.0
    ranking = score_curve(np.array([0.9, 0.8, 0.7, 0.6]), np.array([True, False, True, False]))
    assert average_precision(ranking) == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)


def test_the_threshold_reaches_the_wished_precision_with_the_highest_recall(guesses) -> None:
    scores, truth = guesses
    threshold = threshold_for_precision(score_curve(scores, truth), 0.8)
    chosen = confusion(scores, truth, threshold)
    assert chosen.precision >= 0.8
    better = [confusion(scores, truth, other) for other in scores]
    assert chosen.recall == max(one.recall for one in better if one.precision >= 0.8)


def test_a_threshold_between_what_is_apart_lets_no_false_one_in() -> None:
    scores = np.array([0.9, 0.8, 0.2, 0.1])
    threshold = threshold_for_precision(score_curve(scores, np.array([True, True, False, False])), 0.6)
    assert threshold == pytest.approx(0.5)
    impossible = threshold_for_precision(score_curve(scores, np.array([False, True, True, False])), 0.99)
    assert confusion(scores, np.array([False, True, True, False]), impossible).precision == pytest.approx(2 / 3)


def test_whole_groups_are_drawn_again() -> None:
    groups = np.repeat(np.arange(50), 4)
    draws = group_resamples(groups, 200, np.random.default_rng(1))
    weights = draws.weights(0)
    np.testing.assert_array_equal(weights.reshape(50, 4).std(axis=1), 0)
    assert (draws.counts.sum(axis=1) == 50).all() and draws.counts.std() > 0.8
    values = np.random.default_rng(2).random(200)
    assert draws.sums(values)[0] == pytest.approx((weights * values).sum())
    weighted = score_curve(np.arange(200.0), groups % 2 == 0, weights)
    repeated = np.repeat(np.arange(200), weights.astype(int))
    assert roc_auc(weighted) == pytest.approx(roc_auc(score_curve(repeated.astype(float), groups[repeated] % 2 == 0)))


def test_overlap_of_discs_equals_counting_points() -> None:
    rng = np.random.default_rng(2)
    a = np.stack([rng.uniform(0.1, 0.4, 30), *rng.uniform(0.3, 0.7, (2, 30))], axis=1)
    b = np.stack([rng.uniform(0.1, 0.4, 30), *rng.uniform(0.3, 0.7, (2, 30))], axis=1)
    b[0], b[1] = a[0], (0.05, *a[1, 1:])
    y, x = (np.mgrid[:800, :800] + 0.5) / 500 - 0.3
    for one, other, iou in zip(a, b, circle_ious(a, b), strict=True):
        inside = [np.hypot(x - c[1], y - c[2]) <= c[0] for c in (one, other)]
        assert iou == pytest.approx((inside[0] & inside[1]).sum() / (inside[0] | inside[1]).sum(), abs=0.01)
    assert circle_ious(a[:1] * (-1, 1, 1), b[:1])[0] == 0
    assert radius_errors(a, b)[0] == centre_errors(a, b)[0] == 0
