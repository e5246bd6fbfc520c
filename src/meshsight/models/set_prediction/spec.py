"""How query detectors match predictions with objects, and what their losses weigh."""

from pydantic import Field

from meshsight.specs.base import Spec


class MatchSpec(Spec):
    """Costs by which each object gets a query of its own (Hungarian matching), and the weights of its losses."""

    class_cost: float = Field(default=1.0, ge=0)
    """Cost of the object's class: minus its probability, or its focal loss."""
    box_cost: float = Field(default=5.0, ge=0)
    """Cost of the L1 distance of the boxes, in shares of the image."""
    giou_cost: float = Field(default=2.0, ge=0)
    """Cost of the generalised IoU of the boxes."""
    class_weight: float = Field(default=1.0, ge=0)
    """Weight of the class loss."""
    box_weight: float = Field(default=5.0, ge=0)
    """Weight of the L1 loss."""
    giou_weight: float = Field(default=2.0, ge=0)
    """Weight of the generalised IoU loss."""
