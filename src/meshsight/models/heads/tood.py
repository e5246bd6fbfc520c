"""TOOD's head, Feng et al. 2021 (arXiv 2108.07755); steps 6 and 7 of the walk."""

from typing import Literal

from pydantic import Field

from meshsight.specs.base import VariantSpec

GOES_WITH = ("fpg", "fpn", "pafpn")
"""Necks whose levels it can read."""


class Spec(VariantSpec):
    """Classes and boxes from shared features, told apart by attention and aligned; defaults as mmdetection's TOOD."""

    kind: Literal["tood"] = "tood"
    channels: int = Field(default=256, ge=8, multiple_of=8)
    """Width of the shared tower."""
    num_convs: int = Field(default=6, ge=1)
    """3x3 convolutions in the shared tower; the head sees the outputs of all."""
    num_groups: int = Field(default=32, ge=1)
    """Groups of the group normalisation; divides `channels`."""
    atss_share: float = Field(default=1 / 3, ge=0, le=1)
    """Share of the training, at its start, in which cells are assigned by ATSS; 4 of 12 epochs."""
    atss_cells: int = Field(default=9, ge=1)
    """Cells of each level that are candidates for an object in ATSS."""
    num_cells: int = Field(default=13, ge=1)
    """Cells that may learn an object in task-aligned assignment."""
    alpha: float = Field(default=1.0, ge=0)
    """Power of the class score in task-aligned assignment."""
    beta: float = Field(default=6.0, ge=0)
    """Power of the IoU in task-aligned assignment."""
    focal_alpha: float = Field(default=0.25, ge=0, le=1)
    """Weight of positives in the focal loss of the ATSS part."""
    focal_gamma: float = Field(default=2.0, ge=0)
    """Power of the focal loss and of the quality focal loss."""
    box_weight: float = Field(default=2.0, ge=0)
    """Weight of the generalised-IoU loss of the boxes."""
