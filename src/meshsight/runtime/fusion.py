"""Several lists of detections of one image become one: what the kinds in `fusions/` share.

A list is a *view*: what one detector found in one way of looking. Shapes: n boxes of one class, best first, over all
views; k of them after the fusion.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float64, Int64

from meshsight.records.detections import Detections


class Pool(NamedTuple):
    """The boxes of one class that all views found, best first; of equal scores, the earlier view comes first.

    Attributes:
        boxes: xyxy in pixels of the image.
        scores: confidence in 0..1 times the weight of the view, the largest weight being 1.
        view: index of the view that each comes from.
    """

    boxes: Float64[np.ndarray, "n 4"]
    scores: Float64[np.ndarray, " n"]
    view: Int64[np.ndarray, " n"]


class Fused(NamedTuple):
    """Boxes and scores of one class after the fusion, in any order."""

    boxes: Float64[np.ndarray, "k 4"]
    scores: Float64[np.ndarray, " k"]


@runtime_checkable
class Fusion(Protocol):
    """Joins views."""

    def __call__(self, views: Sequence[Detections], weights: Sequence[float]) -> Detections:
        """Returns the detections of all views as one list, best first.

        Args:
            views: each complete in itself, in pixels of the same image.
            weights: how much each view is trusted; only their ratios count.
        """
        ...


FuseClass = Callable[[Pool, Float64[np.ndarray, " v"]], Fused]
"""Joins the boxes of one class, given the weights of all v views (the largest is 1)."""


def by_class(fuse: FuseClass) -> Fusion:
    """Turns a rule for one class into a fusion."""

    def fusion(views: Sequence[Detections], weights: Sequence[float]) -> Detections:
        assert len(views) == len(weights), f"{len(views)} views but {len(weights)} weights"
        trust = np.asarray(weights, np.float64) / max(weights)
        view = np.repeat(np.arange(len(views)), [len(one.scores) for one in views])
        boxes = np.concatenate([one.boxes for one in views]).astype(np.float64)
        scores = np.concatenate([one.scores for one in views]).astype(np.float64) * trust[view]
        class_ids = np.concatenate([one.class_ids for one in views])
        parts: list[tuple[Fused, int]] = []
        for class_id in np.unique(class_ids).tolist():
            rows = np.flatnonzero(class_ids == class_id)
            rows = rows[np.argsort(-scores[rows], kind="stable")]
            parts.append((fuse(Pool(boxes=boxes[rows], scores=scores[rows], view=view[rows]), trust), class_id))
        return _joined(parts)

    return fusion


def _joined(parts: Sequence[tuple[Fused, int]]) -> Detections:
    boxes = np.concatenate([np.zeros((0, 4)), *(part.boxes for part, _ in parts)])
    scores = np.concatenate([np.zeros(0), *(part.scores for part, _ in parts)])
    class_ids = np.concatenate([np.zeros(0, np.int64), *(np.full(len(part.scores), c) for part, c in parts)])
    order = np.argsort(-scores, kind="stable")
    return Detections(
        boxes=boxes[order].astype(np.float32),
        scores=scores[order].astype(np.float32),
        class_ids=class_ids[order].astype(np.int64),
    )
