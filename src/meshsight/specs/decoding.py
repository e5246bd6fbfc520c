"""How raw scores become detections; part of a detector's recipe and of every artifact's manifest."""

from typing import Literal

from pydantic import Field

from meshsight.specs.base import Spec

Suppression = Literal["hard", "linear", "gaussian"]


class DecodeSpec(Spec):
    """Thresholds from candidates to detections."""

    num_candidates: int = Field(default=1000, ge=1)
    """Best-scoring candidates kept in the graph, before suppression (per pyramid level for anchor-based heads)."""
    score_threshold: float = Field(default=0.05, ge=0, le=1)
    """Candidates must score more than this."""
    nms_iou: float = Field(default=0.5, gt=0, le=1)
    """Overlap above which the weaker of two candidates of one class is suppressed."""
    suppression: Suppression = "hard"
    """`hard` drops the weaker one; `linear` and `gaussian` lower its score instead (Bodla et al., ICCV 2017)."""
    soft_sigma: float = Field(default=0.5, gt=0)
    """Of the gaussian suppression: the score is multiplied by exp(-IoU^2 / sigma)."""
    max_detections: int = Field(default=100, ge=1)
    """Detections kept for an image."""
