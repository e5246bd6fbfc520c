"""YOLOX's head, Ge et al. 2021 (arXiv 2107.08430); steps 6 and 7 of the walk."""

from typing import Literal

from pydantic import Field

from meshsight.specs.base import VariantSpec

GOES_WITH = ("fpg", "fpn", "pafpn", "yolox")
"""Necks whose levels it can read."""


class Spec(VariantSpec):
    """Class, box and objectness from every cell, without anchors, taught by SimOTA; defaults as YOLOX-s."""

    kind: Literal["yolox"] = "yolox"
    channels: int = Field(default=128, ge=8)
    """Width of the two towers; 256 times the backbone's width."""
    num_convs: int = Field(default=2, ge=1)
    """3x3 convolutions in each tower."""
    is_depthwise: bool = False
    """Depthwise and 1x1 convolutions in the towers, as in YOLOX-nano."""
    centre_radius: float = Field(default=2.5, gt=0)
    """Cells within so many strides of an object's centre are candidates, besides those in its box."""
    num_best: int = Field(default=10, ge=1)
    """An object is learnt by as many cells as its so many best IoUs sum up to."""
    iou_cost: float = Field(default=3.0, ge=0)
    """Weight of the box in the cost of giving an object to a cell."""
    box_weight: float = Field(default=5.0, ge=0)
    """Weight of the squared-IoU loss of the boxes."""
    l1_share: float = Field(default=0.05, ge=0, le=1)
    """Share of the training, at its end, in which an L1 loss of the boxes is added; 15 of 300 epochs."""
