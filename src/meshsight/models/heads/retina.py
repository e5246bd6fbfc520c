"""RetinaNet's head, Lin et al. 2017 (arXiv 1708.02002); steps 6 and 7 of the walk."""

from typing import Literal

from pydantic import Field

from meshsight.models.anchor_spec import AnchorHeadSpec

GOES_WITH = ("fpg", "fpn", "pafpn")
"""Necks whose levels it can read."""


class Spec(AnchorHeadSpec):
    """Anchors, two towers shared by all levels, focal loss; defaults as mmdetection's RetinaNet."""

    kind: Literal["retina"] = "retina"
    positive_iou: float = Field(default=0.5, gt=0, le=1)
    """An anchor with at least this IoU learns the object; the best anchors of an object always do."""
    negative_iou: float = Field(default=0.4, gt=0, le=1)
    """An anchor below this IoU with every object learns background; those between learn nothing."""
    focal_alpha: float = Field(default=0.25, ge=0, le=1)
    """Weight of positives in the focal loss; negatives get the rest."""
    focal_gamma: float = Field(default=2.0, ge=0)
    """How strongly the focal loss turns away from what is already right."""
