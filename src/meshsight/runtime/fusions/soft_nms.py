"""Boxes that overlap a better one stay with a lower score: soft suppression (Bodla et al., ICCV 2017)."""

from typing import Literal

import numpy as np
from jaxtyping import Float64
from pydantic import Field

from meshsight.core.boxes import soft_nms
from meshsight.runtime.fusion import Fused, Fusion, Pool, by_class
from meshsight.specs.base import VariantSpec


class Spec(VariantSpec):
    """Soft suppression over all views."""

    kind: Literal["soft_nms"] = "soft_nms"  # pyright: ignore[reportIncompatibleVariableOverride]
    sigma: float = Field(default=0.5, gt=0)
    """Scores are multiplied by exp(-IoU^2 / sigma) for each better box."""
    score_threshold: float = Field(default=0.001, ge=0, lt=1)
    """What is lowered to this or less is dropped."""


def build(spec: Spec) -> Fusion:
    """Returns the fusion."""

    def fuse(pool: Pool, trust: Float64[np.ndarray, " v"]) -> Fused:
        order, lowered = soft_nms(pool.boxes, pool.scores, lambda overlap: np.exp(-np.square(overlap) / spec.sigma))
        stays = lowered > spec.score_threshold
        return Fused(boxes=pool.boxes[order[stays]], scores=lowered[stays])

    return by_class(fuse)
