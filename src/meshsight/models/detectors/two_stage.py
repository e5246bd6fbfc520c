"""Faster R-CNN, Ren et al. 2015 (arXiv 1506.01497), on a feature pyramid (arXiv 1612.03144); steps 6 and 7."""

from typing import Annotated, Literal

from pydantic import Field

from meshsight.models.anchor_spec import AnchorSpec, Positive
from meshsight.models.kinds import BACKBONE_KINDS, NECK_KINDS
from meshsight.specs.base import Slot, VariantSpec
from meshsight.specs.base import Spec as PartSpec
from meshsight.specs.decoding import DecodeSpec


class ProposalSpec(PartSpec):
    """The first stage: where an object may be; defaults as mmdetection's Faster R-CNN."""

    channels: int = Field(default=256, ge=8)
    """Width of the one 3x3 convolution."""
    anchors: AnchorSpec = AnchorSpec(base_scale=8.0, num_octave_scales=1)
    positive_iou: float = Field(default=0.7, gt=0, le=1)
    """An anchor with at least this IoU learns an object."""
    negative_iou: float = Field(default=0.3, gt=0, le=1)
    """An anchor below this IoU with every object learns background."""
    best_iou: float = Field(default=0.3, ge=0, le=1)
    """The best anchors of an object learn it from this IoU on."""
    num_samples: int | None = Field(default=256, ge=1)
    """Anchors of an image that the loss is taken of; null takes all, and divides by the positives."""
    positive_share: float = Field(default=0.5, gt=0, le=1)
    """Largest share of positives among them."""
    num_per_level: int = Field(default=1000, ge=1)
    """Best anchors of a level that are suppressed against each other; twice as many in training."""
    num_proposals: int = Field(default=1000, ge=1)
    """Proposals of an image that go to the second stage."""
    nms_iou: float = Field(default=0.7, gt=0, le=1)
    """Proposals of a level that overlap by more are suppressed."""
    box_weight: float = Field(default=1.0, ge=0)
    """Weight of the L1 loss of the deltas."""


class RegionSpec(PartSpec):
    """The second stage: what is in each proposal; defaults as mmdetection's Faster R-CNN."""

    channels: int = Field(default=1024, ge=8)
    """Width of the two fully connected layers."""
    side: int = Field(default=7, ge=1)
    """Cells of a region, across and down."""
    finest_side_px: Positive = 56.0
    """Regions up to twice this side are read from the finest level; each doubling is one level coarser."""
    num_readings: int = Field(default=0, ge=0)
    """Readings of a cell, across and down, that are averaged; 0 takes one for each cell of the level in it."""
    is_aligned: bool = True
    """A cell's value lies in its middle; torchvision's Faster R-CNN takes it to lie in its corner."""
    positive_iou: float = Field(default=0.5, gt=0, le=1)
    """A proposal with at least this IoU learns an object, any other background."""
    num_samples: int | None = Field(default=512, ge=1)
    """Proposals of an image that the loss is taken of, the true boxes among them; null takes all and adds none."""
    positive_share: float = Field(default=0.25, gt=0, le=1)
    """Largest share of positives among them."""
    delta_std: tuple[Positive, Positive, Positive, Positive] = (0.1, 0.1, 0.2, 0.2)
    """What the predicted deltas (x, y, log width, log height) are multiplied by."""
    box_weight: float = Field(default=1.0, ge=0)
    """Weight of the L1 loss of the deltas."""


class Spec(VariantSpec):
    """Backbone and neck, a network that proposes regions, and one that says what is in them: Faster R-CNN."""

    kind: Literal["two_stage"] = "two_stage"
    backbone: Annotated[VariantSpec, Slot(BACKBONE_KINDS)]
    neck: Annotated[VariantSpec, Slot(NECK_KINDS)]
    proposals: ProposalSpec = ProposalSpec()
    regions: RegionSpec = RegionSpec()
    decode: DecodeSpec = DecodeSpec()
    normalise: Literal["imagenet", "unit", "none"] = "imagenet"
    """What the backbone is given: pixels with ImageNet's mean and deviation taken out, in 0..1, or in 0..255."""
