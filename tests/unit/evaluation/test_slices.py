"""Slices worked out on paper."""

import pytest

from meshsight.evaluation.evaluate import evaluate_detections
from meshsight.records.report import SliceReport
from meshsight.records.sample import Box, ObjectLabel, PixelCounts
from meshsight.specs.evaluation import EvaluationSpec

from .fakes import detections, label, sample

SPEC = EvaluationSpec(num_bootstrap=0)


def square(x: float, side: float) -> Box:
    return float(x), 0.0, float(x + side), float(side)


def only(slices: tuple[SliceReport, ...], attribute: str) -> dict[str, SliceReport]:
    return {part.label: part for part in slices if part.attribute == attribute}


def test_each_object_lies_in_its_slice_and_nowhere_else() -> None:
    objects = (
        label(0, square(0, 30), visibility=0.4),
        label(0, square(100, 50), visibility=0.6),
        label(0, square(200, 118), visibility=1.0),
        label(0, square(0, 130), visibility=0.1),  # ignored
    )
    report = evaluate_detections([sample(0, *objects)], [detections()], ("a",), SPEC)
    visibility, side = only(report.slices, "visibility"), only(report.slices, "longest side")
    assert {name: part.num_truth for name, part in visibility.items()} == {
        "25-50 %": 1,
        "50-75 %": 1,
        "95 % or more": 1,
    }
    assert {name: part.num_truth for name, part in side.items()} == {"under 40 px": 1, "40-120 px": 2}


def test_slices_see_only_their_own_misses() -> None:
    found_one, missed = label(0, square(0, 50), 0.9), label(0, square(100, 50), 0.3)
    report = evaluate_detections([sample(0, found_one, missed)], [detections((0, 0.9, found_one.box))], ("a",), SPEC)
    parts = only(report.slices, "visibility")
    assert (parts["75-95 %"].ap50, parts["75-95 %"].recall50) == (1.0, 1.0)
    assert (parts["25-50 %"].ap50, parts["25-50 %"].recall50) == (0.0, 0.0)


def test_a_false_positive_counts_by_the_share_of_the_slice_where_it_has_no_such_attribute() -> None:
    """Three objects seen well, one half hidden; all found, after one false positive."""
    objects = [label(0, square(100.0 * i, 50), 1.0 if i else 0.4) for i in range(4)]
    wrong = (0, 0.95, (0.0, 200.0, 50.0, 250.0))
    found = detections(wrong, *((0, 0.9 - 0.1 * i, one.box) for i, one in enumerate(objects)))
    report = evaluate_detections([sample(0, *objects)], [found], ("a",), SPEC)
    parts = only(report.slices, "visibility")
    assert report.headline.ap50 == pytest.approx(4 / (4 + 1))
    assert parts["25-50 %"].ap50 == pytest.approx(1 / (1 + 1 / 4))
    assert parts["95 % or more"].ap50 == pytest.approx(3 / (3 + 3 / 4))


def test_a_size_slice_counts_the_false_positives_of_its_size() -> None:
    small, large = label(0, square(0, 20)), label(0, square(100, 200))
    wrong = (0, 0.95, (0.0, 250.0, 20.0, 270.0))  # as small as the small object
    found = detections(wrong, (0, 0.9, small.box), (0, 0.8, large.box))
    report = evaluate_detections([sample(0, small, large)], [found], ("a",), SPEC)
    parts = only(report.slices, "longest side")
    assert parts["under 40 px"].ap50 == pytest.approx(1 / 2)
    assert parts["120 px or more"].ap50 == 1.0


def test_truncation_and_occlusion_are_told_apart() -> None:
    cut = ObjectLabel(class_id=0, box=square(0, 50), pixels=PixelCounts(full=100, inside=60, visible=60))
    hidden = ObjectLabel(class_id=0, box=square(100, 50), pixels=PixelCounts(full=100, inside=100, visible=60))
    report = evaluate_detections([sample(0, cut, hidden)], [detections((0, 0.9, cut.box))], ("a",), SPEC)
    assert only(report.slices, "truncation")["20-50 %"].recall50 == 1.0
    assert only(report.slices, "truncation")["under 5 %"].recall50 == 0.0
    assert only(report.slices, "occlusion")["20-50 %"].recall50 == 0.0
    assert only(report.slices, "occlusion")["under 5 %"].recall50 == 1.0


def test_unknown_attributes_have_no_slices() -> None:
    report = evaluate_detections([sample(0, label(0, square(0, 50)))], [detections()], ("a",), SPEC)
    assert {part.attribute for part in report.slices} == {"longest side", "area"}


def test_the_mean_is_over_classes_with_truth_in_the_slice() -> None:
    objects = (label(0, square(0, 50), 0.9), label(1, square(100, 50), 0.3))
    found = detections((0, 0.9, objects[0].box))
    report = evaluate_detections([sample(0, *objects)], [found], ("a", "b"), SPEC)
    assert report.headline.ap50 == pytest.approx(0.5)
    assert only(report.slices, "visibility")["75-95 %"].ap50 == 1.0
