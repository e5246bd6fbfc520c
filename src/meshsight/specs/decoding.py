"""How raw scores become detections; part of a detector's recipe and of every artifact's manifest."""

from pydantic import Field

from meshsight.specs.base import Spec


class DecodeSpec(Spec):
    """Thresholds from candidates to detections."""

    num_candidates: int = Field(default=1000, ge=1)
    """Best-scoring candidates kept in the graph, before suppression (per pyramid level for anchor-based heads)."""
    score_threshold: float = Field(default=0.05, ge=0, le=1)
    """Candidates must score more than this."""
    nms_iou: float = Field(default=0.5, gt=0, le=1)
    """Overlap above which the weaker of two candidates of one class is dropped."""
    max_detections: int = Field(default=100, ge=1)
    """Detections kept for an image."""
