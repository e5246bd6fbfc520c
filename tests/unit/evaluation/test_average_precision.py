"""Average precision worked out on paper."""

import numpy as np
import pytest

from meshsight.evaluation.average_precision import average_precision, mean_known, precision_curve
from meshsight.evaluation.evaluate import evaluate_detections
from meshsight.records.report import EvalReport
from meshsight.specs.evaluation import EvaluationSpec

from .fakes import detections, label, random_data, sample

SPEC = EvaluationSpec(num_bootstrap=200)
BOX = (10.0, 10.0, 60.0, 60.0)


def ranks(text: str) -> tuple[np.ndarray, np.ndarray]:
    """One threshold: t right, f wrong, - neither, best first."""
    letters = np.array([list(text)])
    return letters == "t", letters == "f"


@pytest.mark.parametrize(
    ("text", "num_truth", "expected"),
    [
        ("t", 1, 1.0),
        ("f", 1, 0.0),
        ("", 3, 0.0),
        ("ft", 1, 0.5),
        ("tf", 1, 1.0),
        ("-t", 1, 1.0),
        ("t", 2, 51 / 101),  # precision 1 at recall 0.00 to 0.50
        ("tft", 2, (51 + 50 * 2 / 3) / 101),
        ("ftt", 2, 2 / 3),  # the better precision at more recall counts for less recall too
    ],
)
def test_on_paper(text: str, num_truth: int, expected: float) -> None:
    is_true, is_false = ranks(text)
    ap = average_precision(is_true.reshape(1, -1), is_false.reshape(1, -1), num_truth)
    assert ap[0] == pytest.approx(expected, abs=1e-12)
    curve, rank = precision_curve(is_true.reshape(-1), is_false.reshape(-1), num_truth)
    assert curve.mean() == pytest.approx(expected, abs=1e-12)
    assert (rank <= len(text)).all()


def test_without_truth_there_is_no_ap() -> None:
    assert np.isnan(average_precision(*ranks("ff"), 0)).all()
    assert mean_known(np.array([np.nan, np.nan])) is None
    assert mean_known(np.array([np.nan, 0.25])) == 0.25


def perfect() -> EvalReport:
    samples, _ = random_data(7, num_images=12)
    found = [detections(*((one.class_id, 0.9, one.box) for one in s.objects if not one.is_ignored)) for s in samples]
    return evaluate_detections(samples, found, ("a", "b", "c"), SPEC)


def test_perfect_detections() -> None:
    report = perfect()
    assert (report.headline.ap, report.headline.ap50, report.headline.ap75) == pytest.approx((1.0, 1.0, 1.0))
    assert report.ap_interval is not None
    assert (report.ap_interval.low, report.ap_interval.high) == pytest.approx((1.0, 1.0), abs=1e-9)
    assert all(part.ap == pytest.approx(1.0) and part.recall50 == 1.0 for part in report.slices)
    assert not report.worst_errors
    assert set(report.error_counts.values()) == {0}
    point = report.operating_point
    assert point is not None
    assert (point.score, point.precision, point.recall, point.f1) == pytest.approx((0.9, 1.0, 1.0, 1.0))


def test_no_detections_at_all() -> None:
    samples, _ = random_data(7, num_images=12)
    report = evaluate_detections(samples, [detections() for _ in samples], ("a", "b", "c"), SPEC)
    assert (report.headline.ap, report.headline.ap50) == (0.0, 0.0)
    assert report.operating_point is None
    assert report.error_counts["missed"] == report.num_truth > 0
    assert sum(report.error_counts.values()) == report.num_truth


def test_no_images_and_no_truth() -> None:
    for samples in ([], [sample(0)]):
        report = evaluate_detections(samples, [detections() for _ in samples], ("a",), SPEC)
        assert report.headline.ap is None
        assert report.ap_interval is None
        assert report.per_class[0].ap50 is None
        assert report.slices == ()


def test_a_class_without_truth_does_not_change_the_mean() -> None:
    samples = [sample(0, label(0, BOX))]
    found = [detections((0, 0.9, BOX), (1, 0.8, BOX))]
    report = evaluate_detections(samples, found, ("seen", "never"), SPEC)
    assert report.headline.ap == pytest.approx(1.0)
    assert [one.ap for one in report.per_class] == [pytest.approx(1.0), None]


@pytest.mark.parametrize(("visibility", "counts"), [(0.24, False), (0.25, True), (None, True)])
def test_hidden_objects_are_ignored_only_where_visibility_is_known(visibility: float | None, counts: bool) -> None:
    report = evaluate_detections([sample(0, label(0, BOX, visibility))], [detections()], ("a",), SPEC)
    assert (report.num_truth, report.num_ignored) == ((1, 0) if counts else (0, 1))


def test_detections_of_a_hidden_object_are_neither_right_nor_wrong() -> None:
    samples = [sample(0, label(0, BOX, 0.1), label(0, (100.0, 100.0, 140.0, 140.0), 1.0))]
    found = [detections((0, 0.99, BOX), (0, 0.98, BOX), (0, 0.5, (100.0, 100.0, 140.0, 140.0)))]
    report = evaluate_detections(samples, found, ("a",), SPEC)
    assert report.headline.ap == pytest.approx(1.0)
    assert set(report.error_counts.values()) == {0}
