"""Of boxes that overlap, the best stays: greedy non-maximum suppression over all views."""

from typing import Literal

import numpy as np
from jaxtyping import Float64
from pydantic import Field

from meshsight.core.boxes import nms
from meshsight.runtime.fusion import Fused, Fusion, Pool, by_class
from meshsight.specs.base import VariantSpec


class Spec(VariantSpec):
    """Greedy suppression over all views."""

    kind: Literal["nms"] = "nms"  # pyright: ignore[reportIncompatibleVariableOverride]
    iou: float = Field(default=0.55, gt=0, le=1)
    """Overlap above which the weaker box is dropped."""


def build(spec: Spec) -> Fusion:
    """Returns the fusion."""

    def fuse(pool: Pool, trust: Float64[np.ndarray, " v"]) -> Fused:
        kept = nms(pool.boxes, pool.scores, spec.iou)
        return Fused(boxes=pool.boxes[kept], scores=pool.scores[kept])

    return by_class(fuse)
