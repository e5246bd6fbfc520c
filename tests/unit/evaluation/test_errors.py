"""Each kind of mistake, made by hand."""

import pytest

from meshsight.core.errors import DataError
from meshsight.evaluation.evaluate import evaluate_detections
from meshsight.records.report import DetectionError, EvalReport
from meshsight.records.sample import Box, ObjectLabel
from meshsight.specs.evaluation import EvaluationSpec

from .fakes import detections, label, sample

SPEC = EvaluationSpec(num_bootstrap=0, num_worst=50)
MUG: Box = (100.0, 100.0, 200.0, 200.0)
FAR: Box = (250.0, 250.0, 300.0, 300.0)
CLASSES = ("mug", "can")


def evaluate(objects: list[ObjectLabel], *rows: tuple[int, float, Box]) -> EvalReport:
    return evaluate_detections([sample(0, *objects)], [detections(*rows)], CLASSES, SPEC)


def the_only_wrong(report: EvalReport) -> DetectionError:
    (error,) = [error for error in report.worst_errors if error.kind != "missed"]
    return error


@pytest.mark.parametrize(
    ("row", "kind", "truth_class"),
    [
        ((0, 0.8, (102.0, 100.0, 200.0, 200.0)), "duplicate", "mug"),
        ((1, 0.8, (102.0, 100.0, 200.0, 200.0)), "class", "mug"),
        ((0, 0.8, (150.0, 100.0, 250.0, 200.0)), "localisation", "mug"),
        ((0, 0.8, FAR), "background", None),
        ((1, 0.8, (150.0, 100.0, 250.0, 200.0)), "both", "mug"),
    ],
)
def test_kinds(row: tuple[int, float, Box], kind: str, truth_class: str | None) -> None:
    objects = [label(0, MUG), label(0, (0.0, 0.0, 40.0, 40.0)), label(0, (50.0, 0.0, 90.0, 40.0))]
    right = [(0, 0.9, MUG), *((0, 0.7, item.box) for item in objects[1:])]  # the operating point lies at 0.7
    report = evaluate(objects, *right, row)
    error = the_only_wrong(report)
    assert (error.kind, error.truth_class) == (kind, truth_class)
    assert (error.class_name, error.box) == (CLASSES[row[0]], row[2])
    assert error.score == error.weight == pytest.approx(row[1])
    assert report.error_counts == {
        "missed": 0, "background": 0, "localisation": 0, "class": 0, "both": 0, "duplicate": 0, kind: 1,
    }  # fmt: skip


def test_a_large_visible_object_is_missed_before_a_small_or_hidden_one() -> None:
    objects = [label(0, (0.0, 0.0, 50.0, 50.0), 1.0), label(0, MUG, 1.0), label(0, FAR, 0.3), label(1, MUG, 0.1)]
    missed = [error.box for error in evaluate(objects).worst_errors]
    assert missed == [MUG, (0.0, 0.0, 50.0, 50.0), FAR]  # and the one that is ignored not at all


def test_mistakes_below_the_operating_point_do_not_count() -> None:
    report = evaluate([label(0, MUG)], (0, 0.9, MUG), (0, 0.2, FAR))
    assert report.operating_point is not None
    assert report.operating_point.score == pytest.approx(0.9)
    assert sum(report.error_counts.values()) == 0


def test_confusions_name_both_classes() -> None:
    report = evaluate([label(0, MUG), label(0, FAR)], (1, 0.95, MUG), (0, 0.9, FAR))
    (confusion,) = report.confusions
    assert (confusion.truth_class, confusion.predicted_class, confusion.count) == ("mug", "can", 1)
    assert report.error_counts["missed"] == 1  # the mug is still not found


def test_an_object_too_hidden_to_count_can_be_taken_for_another_class() -> None:
    report = evaluate([label(0, MUG, 0.1), label(0, FAR)], (1, 0.95, MUG), (0, 0.9, FAR))
    assert (the_only_wrong(report).kind, the_only_wrong(report).truth_class) == ("class", "mug")


def test_worst_errors_are_shared_among_kinds() -> None:
    boxes = [(float(x), 0.0, float(x + 10), 10.0) for x in range(0, 300, 20)]
    objects = [label(0, box) for box in boxes]
    wrong = [(0, 0.5, (x, 100.0, x + 10, 110.0)) for x, *_ in boxes]
    spec = EvaluationSpec(num_bootstrap=0, num_worst=12)
    report = evaluate_detections([sample(0, *objects)], [detections(*wrong)], CLASSES, spec)
    assert [error.kind for error in report.worst_errors] == ["missed"] * 2 + ["background"] * 2
    assert (report.error_counts["missed"], report.error_counts["background"]) == (15, 15)


def test_class_ids_out_of_range_are_refused_with_the_place() -> None:
    with pytest.raises(DataError, match=r"images/0\.jpg: object 0: class id 2, but there are 2 classes"):
        evaluate([label(2, MUG)])
    with pytest.raises(DataError, match="class ids 3 to 3, but there are 2 classes"):
        evaluate([label(0, MUG)], (3, 0.5, MUG))
