"""A head without anchors, taught by task-aligned assignment; steps 6 and 7 of the walk.

The assignment and its soft targets follow TOOD (Feng et al. 2021, arXiv 2108.07755), the losses of classes and
distances the Generalized Focal Loss (Li et al. 2020, arXiv 2006.04388). The towers are plain, one pair for each level.
"""

from typing import Literal

from pydantic import Field

from meshsight.specs.base import Spec as PartSpec
from meshsight.specs.base import VariantSpec

GOES_WITH = ("fpg", "fpn", "pafpn")
"""Necks whose levels it can read."""


class AssignSpec(PartSpec):
    """Which cells learn which object: the best by score^alpha * IoU^beta, of those whose centre lies in the object."""

    num_cells: int = Field(default=10, ge=1)
    """Cells for each object, at most."""
    alpha: float = Field(default=1.0, ge=0)
    """Power of the class score."""
    beta: float = Field(default=6.0, ge=0)
    """Power of the IoU."""


class Spec(VariantSpec):
    """Class scores and distances to the four sides from every cell, without anchors or objectness."""

    kind: Literal["aligned"] = "aligned"
    channels: int = Field(default=64, ge=8)
    """Width of the two towers."""
    num_convs: int = Field(default=1, ge=0)
    """3x3 convolutions in each tower."""
    num_bins: int = Field(default=17, ge=2)
    """A distance is the mean of a distribution over 0, 1, ... `num_bins - 1` strides, the last being the largest."""
    assign: AssignSpec = AssignSpec()
    focus: float = Field(default=1.0, ge=0)
    """Power of |target - score| in the quality focal loss of the classes; 0 is plain cross-entropy."""
    class_weight: float = Field(default=2.0, ge=0)
    """Weight of the quality focal loss of the classes."""
    box_weight: float = Field(default=4.0, ge=0)
    """Weight of the generalised-IoU loss of the boxes."""
    distribution_weight: float = Field(default=1.0, ge=0)
    """Weight of the cross-entropy of the distances' distributions."""
