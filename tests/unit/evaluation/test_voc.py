"""Pascal VOC's AP beside the procedure of its development kit, written out slowly."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshsight.evaluation.evaluate import evaluate_detections
from meshsight.records.detections import Detections
from meshsight.records.sample import Sample
from meshsight.specs.evaluation import EvaluationSpec

from .fakes import detections, label, random_data, sample

CLASSES = ("a", "b", "c")
SPEC = EvaluationSpec(num_bootstrap=0, min_visibility=0)


def overlap(a: Sequence[float], b: Sequence[float]) -> float:
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    common = max(width, 0.0) * max(height, 0.0)
    area = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return common / (area - common)


def slow(samples: list[Sample], results: list[Detections], class_id: int) -> tuple[float, float] | None:
    truth = {
        i: [[item.box, item.is_ignored, False] for item in one.objects if item.class_id == class_id]
        for i, one in enumerate(samples)
    }
    num_truth = sum(not is_difficult for items in truth.values() for _, is_difficult, _ in items)
    if num_truth == 0:
        return None
    rows = [
        (float(score), i, [float(v) for v in box])
        for i, found in enumerate(results)
        for box, score, c in zip(found.boxes, found.scores, found.class_ids, strict=True)
        if c == class_id
    ]
    right = wrong = 0
    curve: list[tuple[float, float]] = []
    for _, i, box in sorted(rows, key=lambda row: -row[0]):
        overlaps = [overlap(box, item[0]) for item in truth[i]]
        best = int(np.argmax(overlaps)) if overlaps else -1
        if best < 0 or overlaps[best] < 0.5:
            wrong += 1
        elif not truth[i][best][1]:
            right, wrong = (right, wrong + 1) if truth[i][best][2] else (right + 1, wrong)
            truth[i][best][2] = True
        if right + wrong:
            curve.append((right / num_truth, right / (right + wrong)))
    area = sum(
        (recall - previous) * max(p for r, p in curve if r >= recall)
        for previous, recall in zip([0.0, *(r for r, _ in curve)], [r for r, _ in curve], strict=False)
    )
    eleven = [max((p for r, p in curve if r >= level), default=0.0) for level in np.linspace(0, 1, 11)]
    return area, float(np.mean(eleven))


@given(seed=st.integers(0, 300))
def test_both_figures_are_those_of_the_development_kit(seed: int) -> None:
    samples, results = random_data(seed)
    report = evaluate_detections(samples, results, CLASSES, SPEC)
    known = [figures for figures in (slow(samples, results, c) for c in range(3)) if figures is not None]
    expected = np.mean(known, axis=0).tolist() if known else [None, None]
    assert [report.voc.integrate, report.voc.sample] == pytest.approx(expected)


def test_a_second_detection_does_not_move_on_to_another_object() -> None:
    """COCO gives it the next best object; Pascal VOC calls it wrong."""
    objects = [label(0, (0.0, 0.0, 100.0, 100.0)), label(0, (0.0, 30.0, 100.0, 130.0))]
    rows = [(0, 0.9, (0.0, 0.0, 100.0, 100.0)), (0, 0.8, (0.0, 10.0, 100.0, 110.0))]
    report = evaluate_detections([sample(0, *objects)], [detections(*rows)], CLASSES, SPEC)
    assert report.headline.ap50 == pytest.approx(1.0)
    assert report.voc.integrate == pytest.approx(0.5)
