"""Boxes that overlap are averaged by score: weighted boxes fusion (Solovyev et al., Image and Vision Computing 2021).

Best first, each box joins the cluster whose mean it overlaps most, or begins one. A mean is weighted by score. The
score of a cluster is the mean of its boxes' scores, lowered where fewer boxes than views agree.
"""

from typing import Literal

import numpy as np
from jaxtyping import Float64
from pydantic import Field

from meshsight.core.boxes import box_iou
from meshsight.runtime.fusion import Fused, Fusion, Pool, by_class
from meshsight.specs.base import VariantSpec


class Spec(VariantSpec):
    """Weighted boxes fusion."""

    kind: Literal["wbf"] = "wbf"  # pyright: ignore[reportIncompatibleVariableOverride]
    iou: float = Field(default=0.55, gt=0, le=1)
    """Overlap with a cluster's mean above which a box joins it."""
    lowers_lonely: bool = True
    """Whether boxes that few views found lose score: the factor is min(boxes, views) / (sum of the views' weights)."""


def build(spec: Spec) -> Fusion:
    """Returns the fusion."""

    def fuse(pool: Pool, trust: Float64[np.ndarray, " v"]) -> Fused:
        members = _cluster(pool, spec.iou)
        boxes = np.array([_mean(pool, rows) for rows in members])
        scores = np.array([float(pool.scores[rows].mean()) for rows in members])
        if spec.lowers_lonely:
            agreeing = np.array([min(len(rows), len(trust)) for rows in members])
            scores = scores * agreeing / trust.sum()
        return Fused(boxes=boxes, scores=np.minimum(scores, 1.0))

    return by_class(fuse)


def _cluster(pool: Pool, iou: float) -> list[list[int]]:
    members: list[list[int]] = []
    means = np.zeros((len(pool.scores), 4))
    for row in range(len(pool.scores)):
        overlap = box_iou(pool.boxes[[row]], means[: len(members)])[0]
        best = int(np.argmax(overlap)) if overlap.size else -1
        if best >= 0 and overlap[best] > iou:
            members[best].append(row)
        else:
            best = len(members)
            members.append([row])
        means[best] = _mean(pool, members[best])
    return members


def _mean(pool: Pool, rows: list[int]) -> Float64[np.ndarray, "4"]:
    weight = np.maximum(pool.scores[rows], np.finfo(np.float64).tiny)
    return weight @ pool.boxes[rows] / weight.sum()
