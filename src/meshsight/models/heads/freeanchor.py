"""FreeAnchor's head, Zhang et al. 2019 (arXiv 1909.02466); steps 6 and 7 of the walk."""

from typing import Literal

from pydantic import Field

from meshsight.models.anchor_spec import AnchorHeadSpec, Positive

GOES_WITH = ("fpg", "fpn", "pafpn")
"""Necks whose levels it can read."""


class Spec(AnchorHeadSpec):
    """RetinaNet's towers and anchors that find out which anchor learns which object; defaults as mmdetection's."""

    kind: Literal["freeanchor"] = "freeanchor"
    delta_std: tuple[Positive, Positive, Positive, Positive] = (0.1, 0.1, 0.2, 0.2)
    """What the predicted deltas (x, y, log width, log height) are multiplied by."""
    box_beta: float = Field(default=0.11, ge=0)
    """Below it the box loss is quadratic (smooth L1); 0 is plain L1."""
    box_weight: float = Field(default=0.75, ge=0)
    """Weight of the box loss in the probability that an anchor places an object well."""
    bag_size: int = Field(default=50, ge=1)
    """Anchors with the highest IoU that may learn an object."""
    background_iou: float = Field(default=0.6, ge=0, lt=1)
    """A predicted box up to this IoU with every object is background for certain."""
    focal_alpha: float = Field(default=0.5, ge=0, le=1)
    """Weight of the objects' loss; the background's gets the rest."""
    focal_gamma: float = Field(default=2.0, ge=0)
    """How strongly the background's loss turns away from what is already right."""
