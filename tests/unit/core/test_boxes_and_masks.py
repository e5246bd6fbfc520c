"""Box arithmetic against hand-made numbers and slow oracles; masks against pycocotools and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from meshsight.core.boxes import box_area, box_iof, box_iou, class_wise_nms, clip_boxes, nms
from meshsight.core.masks import decode_mask, encode_mask, tight_box


def boxes_from(seed: int, count: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    corner = rng.uniform(0, 50, (count, 2))
    return np.concatenate([corner, corner + rng.uniform(1, 30, (count, 2))], axis=1).astype(np.float32)


def slow_iou(a: np.ndarray, b: np.ndarray) -> float:
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    both = width * height
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


def test_areas_and_overlaps_by_hand() -> None:
    a = np.array([[0, 0, 4, 2], [5, 5, 4, 9]], np.float32)
    b = np.array([[2, 0, 6, 2]], np.float32)
    assert box_area(a) == pytest.approx([8, 0])
    assert box_iou(a, b)[0, 0] == pytest.approx(4 / 12)
    assert box_iof(a, b)[0, 0] == pytest.approx(4 / 8)
    assert clip_boxes(np.array([[-3, -1, 9, 7]], np.float32), (5, 8))[0] == pytest.approx([0, 0, 8, 5])


@given(st.integers(0, 10**6))
def test_iou_equals_the_slow_one(seed: int) -> None:
    a, b = boxes_from(seed, 6), boxes_from(seed + 1, 5)
    expected = [[slow_iou(x, y) for y in b] for x in a]
    assert np.allclose(box_iou(a, b), expected, atol=1e-6)


@given(st.integers(0, 10**6), st.sampled_from([0.2, 0.5, 0.8]))
def test_nms_equals_the_slow_one(seed: int, threshold: float) -> None:
    rng = np.random.default_rng(seed)
    boxes = boxes_from(seed, 25)
    scores = rng.integers(0, 10, 25).astype(np.float32) / 10  # ties on purpose
    kept: list[int] = []
    for i in sorted(range(25), key=lambda k: (-scores[k], k)):
        if all(slow_iou(boxes[i], boxes[k]) <= threshold for k in kept):
            kept.append(i)
    assert nms(boxes, scores, threshold).tolist() == kept


def test_nms_works_within_each_class() -> None:
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 10], [0, 0, 10, 9]], np.float32)
    scores = np.array([0.5, 0.9, 0.7], np.float32)
    assert class_wise_nms(boxes, scores, np.array([0, 1, 0]), 0.5).tolist() == [1, 2]
    assert class_wise_nms(boxes[:0], scores[:0], np.zeros(0, np.int64), 0.5).tolist() == []


@given(hnp.arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12))))
def test_masks_come_back_and_boxes_are_tight(mask: np.ndarray) -> None:
    assert np.array_equal(decode_mask(encode_mask(mask)), mask)
    box = tight_box(mask)
    if not mask.any():
        assert box is None
        return
    assert box is not None
    x1, y1, x2, y2 = box.astype(int)
    assert mask[y1:y2, x1:x2].sum() == mask.sum()
    assert mask[y1].any() and mask[y2 - 1].any() and mask[:, x1].any() and mask[:, x2 - 1].any()


def test_a_single_pixel_has_a_box_of_one_pixel() -> None:
    mask = np.zeros((4, 5), bool)
    mask[2, 3] = True
    assert tight_box(mask) == pytest.approx([3, 2, 4, 3])
