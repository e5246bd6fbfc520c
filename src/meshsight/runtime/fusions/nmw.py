"""Boxes that overlap are averaged around the best of them: non-maximum weighted (Zhou et al., ICCV Workshops 2017).

A cluster is the best box that is left with all that overlap it; its mean is weighted by score times overlap with the
best, and its score is that of the best.
"""

from typing import Literal

import numpy as np
from jaxtyping import Float64
from pydantic import Field

from meshsight.core.boxes import box_iou
from meshsight.runtime.fusion import Fused, Fusion, Pool, by_class
from meshsight.specs.base import VariantSpec


class Spec(VariantSpec):
    """Weighted means around the best boxes."""

    kind: Literal["nmw"] = "nmw"  # pyright: ignore[reportIncompatibleVariableOverride]
    iou: float = Field(default=0.55, gt=0, le=1)
    """Overlap with the best box above which a box belongs to its cluster."""


def build(spec: Spec) -> Fusion:
    """Returns the fusion."""

    def fuse(pool: Pool, trust: Float64[np.ndarray, " v"]) -> Fused:
        left = np.arange(len(pool.scores))
        boxes: list[Float64[np.ndarray, "4"]] = []
        scores: list[float] = []
        while left.size:
            overlap = box_iou(pool.boxes[left[:1]], pool.boxes[left])[0]
            joins = overlap > spec.iou
            joins[0] = True  # also where the box has no area, and so no overlap with itself
            weight = pool.scores[left[joins]] * np.maximum(overlap[joins], np.finfo(np.float64).tiny)
            boxes.append(weight @ pool.boxes[left[joins]] / weight.sum())
            scores.append(float(pool.scores[left[0]]))
            left = left[~joins]
        return Fused(boxes=np.array(boxes), scores=np.array(scores))

    return by_class(fuse)
