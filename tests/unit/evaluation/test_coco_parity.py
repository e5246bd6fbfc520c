"""Our own AP and the headline figures against pycocotools, on sets full of corner cases."""

import contextlib
import io
from collections.abc import Sequence
from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from meshsight.evaluation.average_precision import average_precision, precision_curve, rank_classes
from meshsight.evaluation.evaluate import evaluate_detections, headline_metrics, match_detections
from meshsight.records.detections import Detections
from meshsight.records.sample import Sample
from meshsight.specs.evaluation import EvaluationSpec

from .fakes import random_data

MIN_VISIBILITY = 0.25
SPEC = EvaluationSpec(min_visibility=MIN_VISIBILITY, num_bootstrap=0)


def run_pycocotools(samples: Sequence[Sample], results: Sequence[Detections], num_classes: int) -> COCOeval:
    """An evaluation written down from the definitions, sharing no code with ours."""
    annotations, rows = [], []
    for image_id, (sample, found) in enumerate(zip(samples, results, strict=True), start=1):
        for item in sample.objects:
            x1, y1, x2, y2 = item.box
            is_hidden = item.pixels is not None and item.pixels.visible / item.pixels.full < MIN_VISIBILITY
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image_id,
                    "category_id": item.class_id + 1,
                    "bbox": [x1, y1, x2 - x1, y2 - y1],
                    "area": item.pixels.visible if item.pixels is not None else (x2 - x1) * (y2 - y1),
                    "iscrowd": int(item.is_ignored or is_hidden),
                }
            )
        for box, score, class_id in zip(found.boxes, found.scores, found.class_ids, strict=True):
            x1, y1, x2, y2 = (float(v) for v in box)
            rows.append([image_id, x1, y1, x2 - x1, y2 - y1, float(score), int(class_id) + 1])
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = {
            "images": [{"id": i + 1} for i in range(len(samples))],
            "annotations": annotations,
            "categories": [{"id": c + 1, "name": str(c)} for c in range(num_classes)],
        }
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(np.array(rows, np.float64).reshape(-1, 7)), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation


@given(seed=st.integers(0, 10_000))
def test_own_ap_equals_pycocotools(seed: int) -> None:
    samples, results = random_data(seed)
    expected = run_pycocotools(samples, results, 3).eval["precision"][:, :, :, 0, 2]  # (t, levels, class)
    matches = match_detections(samples, results, ("a", "b", "c"), SPEC)
    for class_id, ranking in enumerate(rank_classes(matches)):
        ap = average_precision(ranking.is_true, ranking.is_false, len(ranking.truth_rows))
        reference = expected[:, :, class_id].mean(axis=1)
        np.testing.assert_allclose(np.nan_to_num(ap, nan=-1.0), reference, atol=1e-9)
        if len(ranking.truth_rows):
            curve, _ = precision_curve(ranking.is_true[0], ranking.is_false[0], len(ranking.truth_rows))
            np.testing.assert_allclose(curve, expected[0, :, class_id], atol=1e-9)


@given(seed=st.integers(0, 10_000))
def test_headline_equals_pycocotools(seed: int) -> None:
    samples, results = random_data(seed)
    expected = run_pycocotools(samples, results, 3).stats
    headline = headline_metrics(samples, results, ("a", "b", "c"), MIN_VISIBILITY)
    found = [-1.0 if value is None else value for value in astuple(headline)]
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_report_agrees_with_its_own_headline(seed: int) -> None:
    samples, results = random_data(seed, num_images=20)
    report = evaluate_detections(samples, results, ("a", "b", "c"), SPEC)
    for figure in ("ap", "ap50", "ap75"):
        known = [value for one in report.per_class if (value := getattr(one, figure)) is not None]
        assert getattr(report.headline, figure) == pytest.approx(np.mean(known), abs=1e-9)


def test_more_than_a_hundred_detections_of_a_class_are_cut_as_in_coco() -> None:
    rng = np.random.default_rng(3)
    samples, _ = random_data(3, num_images=2, num_classes=2)
    boxes = rng.uniform(0, 60, (150, 2)).astype(np.float32)
    crowded = Detections(
        boxes=np.concatenate([boxes, boxes + 20], axis=1),
        scores=rng.integers(1, 50, 150).astype(np.float32) / 50,
        class_ids=rng.integers(0, 1, 150),
    )
    results = [crowded, crowded]
    expected = run_pycocotools(samples, results, 2).stats
    headline = headline_metrics(samples, results, ("a", "b"), MIN_VISIBILITY)
    np.testing.assert_allclose([-1.0 if v is None else v for v in astuple(headline)], expected, atol=1e-9)
    report = evaluate_detections(samples, results, ("a", "b"), SPEC)
    assert report.num_detections == 200
