"""Hard and soft suppression when candidates become detections, beside a slow loop over the definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshsight.core.boxes import box_iou
from meshsight.core.letterbox import fit_letterbox
from meshsight.records.detections import select_detections
from meshsight.specs.decoding import DecodeSpec, Suppression

LETTERBOX = fit_letterbox((100, 100), (100, 100))


def slow_soft_nms(boxes: np.ndarray, scores: np.ndarray, spec: DecodeSpec) -> list[tuple[float, int]]:
    """The loop of Bodla et al.: take the best, lower the rest by their overlap with it, until none is left."""
    left = {i: float(score) for i, score in enumerate(scores)}
    picked: list[tuple[float, int]] = []
    while left:
        best = max(left, key=lambda i: (left[i], -i))
        picked.append((left.pop(best), best))
        for i in left:
            overlap = float(box_iou(boxes[[best]], boxes[[i]])[0, 0])
            if spec.suppression == "gaussian":
                left[i] *= float(np.exp(-(overlap**2) / spec.soft_sigma))
            elif overlap > spec.nms_iou:
                left[i] *= 1 - overlap
    return sorted(((s, i) for s, i in picked if s > spec.score_threshold), key=lambda row: -row[0])


@pytest.mark.parametrize("suppression", ["linear", "gaussian"])
@given(seed=st.integers(0, 10_000), count=st.integers(0, 12))
def test_soft_suppression_is_that_of_the_paper(suppression: Suppression, seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    corners = rng.uniform(0, 60, (count, 2))
    boxes = np.concatenate([corners, corners + rng.uniform(5, 40, (count, 2))], axis=1).astype(np.float32)
    scores = rng.uniform(0.05, 1, count).astype(np.float32)
    spec = DecodeSpec(suppression=suppression, nms_iou=0.3, score_threshold=0.01)
    found = select_detections(boxes, scores, np.zeros(count, np.int64), spec, LETTERBOX)
    expected = slow_soft_nms(boxes, scores, spec)
    assert found.scores.tolist() == pytest.approx([score for score, _ in expected], rel=1e-4)
    assert found.boxes.tolist() == boxes[[i for _, i in expected]].tolist()


def test_classes_do_not_lower_each_other() -> None:
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 10], [0, 0, 10, 9]], np.float32)
    scores, class_ids = np.array([0.9, 0.8, 0.7], np.float32), np.array([0, 1, 0], np.int64)
    found = select_detections(boxes, scores, class_ids, DecodeSpec(suppression="linear", nms_iou=0.5), LETTERBOX)
    assert found.class_ids.tolist() == [0, 1, 0]
    assert found.scores.tolist() == pytest.approx([0.9, 0.8, 0.7 * 0.1], rel=1e-4)
    hard = select_detections(boxes, scores, class_ids, DecodeSpec(nms_iou=0.5), LETTERBOX)
    assert hard.scores.tolist() == pytest.approx([0.9, 0.8])
