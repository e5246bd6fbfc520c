"""Axis-aligned boxes: float32 `xyxy`, half-open, in pixels of the original image."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float, Int

Boxes = Float[np.ndarray, "n 4"]
OtherBoxes = Float[np.ndarray, "m 4"]


def box_area(boxes: Boxes) -> Float[np.ndarray, " n"]:
    """Returns areas in square pixels; boxes turned inside out count 0."""
    sides = np.clip(boxes[:, 2:] - boxes[:, :2], 0, None)
    return sides[:, 0] * sides[:, 1]


def clip_boxes(boxes: Boxes, size_hw: tuple[int, int]) -> Boxes:
    """Clips boxes to the image."""
    height, width = size_hw
    limit = np.array([width, height, width, height], dtype=boxes.dtype)
    return np.clip(boxes, 0, limit)


def _intersection(a: Boxes, b: OtherBoxes) -> Float[np.ndarray, "n m"]:
    top_left = np.maximum(a[:, None, :2], b[None, :, :2])
    bottom_right = np.minimum(a[:, None, 2:], b[None, :, 2:])
    sides = np.clip(bottom_right - top_left, 0, None)
    return sides[..., 0] * sides[..., 1]


def box_iou(a: Boxes, b: OtherBoxes) -> Float[np.ndarray, "n m"]:
    """Returns the intersection over union of every pair."""
    inter = _intersection(a, b)
    union = box_area(a)[:, None] + box_area(b)[None, :] - inter
    return inter / np.maximum(union, np.finfo(inter.dtype).tiny)


def box_iof(a: Boxes, b: OtherBoxes) -> Float[np.ndarray, "n m"]:
    """Returns the intersection over the area of `a`, COCO's overlap with a crowd region `b`."""
    return _intersection(a, b) / np.maximum(box_area(a)[:, None], np.finfo(a.dtype).tiny)


def nms(boxes: Boxes, scores: Float[np.ndarray, " n"], iou_threshold: float) -> Int[np.ndarray, " k"]:
    """Returns the indices that greedy non-maximum suppression keeps, best first.

    A box is dropped when its IoU with a kept, better box is above the threshold. Ties go to the lower index.
    """
    order = np.argsort(-scores, kind="stable")
    x1, y1, x2, y2 = boxes[order].T
    area = np.clip(x2 - x1, 0, None) * np.clip(y2 - y1, 0, None)
    alive: Bool[np.ndarray, " n"] = np.ones(len(order), dtype=bool)
    keep: list[int] = []
    for i in range(len(order)):
        if not alive[i]:
            continue
        keep.append(i)
        rest = slice(i + 1, None)
        width = np.clip(np.minimum(x2[i], x2[rest]) - np.maximum(x1[i], x1[rest]), 0, None)
        height = np.clip(np.minimum(y2[i], y2[rest]) - np.maximum(y1[i], y1[rest]), 0, None)
        inter = width * height
        alive[rest] &= inter <= iou_threshold * (area[i] + area[rest] - inter)
    return order[np.asarray(keep, dtype=np.int64)]


def class_wise_nms(
    boxes: Boxes,
    scores: Float[np.ndarray, " n"],
    class_ids: Int[np.ndarray, " n"],
    iou_threshold: float,
) -> Int[np.ndarray, " k"]:
    """Non-maximum suppression within each class; the indices kept, best first."""
    if len(boxes) == 0:
        return np.zeros(0, dtype=np.int64)
    kept = [
        members[nms(boxes[members], scores[members], iou_threshold)]
        for members in (np.flatnonzero(class_ids == c) for c in np.unique(class_ids))
    ]
    joined = np.concatenate(kept)
    return joined[np.argsort(-scores[joined], kind="stable")]


def soft_nms(
    boxes: Boxes, scores: Float[np.ndarray, " n"], decay: Callable[[Float[np.ndarray, " m"]], Float[np.ndarray, " m"]]
) -> tuple[Int[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """Soft suppression (Bodla et al., ICCV 2017): the best box lowers the scores of those that it overlaps, and so on.

    Args:
        boxes: of one class.
        scores: confidence in 0..1.
        decay: maps overlaps (IoU) with a better box to factors on the score.

    Returns:
        The indices in the order in which they are picked, and their lowered scores, which never rise along it.
    """
    left = scores.astype(scores.dtype, copy=True)
    waiting = np.ones(len(boxes), dtype=bool)
    order = np.zeros(len(boxes), dtype=np.int64)
    for place in range(len(boxes)):
        best = int(np.argmax(np.where(waiting, left, -1.0)))
        order[place], waiting[best] = best, False
        left[waiting] *= decay(box_iou(boxes[[best]], boxes[waiting])[0])
    return order, left[order]
