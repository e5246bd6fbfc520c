"""RetinaNet's head, Lin et al. 2017 (arXiv 1708.02002); steps 6 and 7 of the walk."""

from typing import Annotated, Literal

from pydantic import Field

from meshsight.specs.base import Spec as PartSpec
from meshsight.specs.base import VariantSpec

Positive = Annotated[float, Field(gt=0)]


class AnchorSpec(PartSpec):
    """The anchors of every cell: all pairs of scale and ratio."""

    base_scale: Positive = 4.0
    """Side of the smallest square anchor, in strides."""
    num_octave_scales: int = Field(default=3, ge=1)
    """Scales from one octave to the next: 2^0, 2^(1/3) and 2^(2/3) for 3."""
    ratios: tuple[Positive, ...] = Field(default=(0.5, 1.0, 2.0), min_length=1)
    """Height over width, at equal area."""


class Spec(VariantSpec):
    """Anchors, two towers shared by all levels, focal loss; defaults as mmdetection's RetinaNet."""

    kind: Literal["retina"] = "retina"
    channels: int = Field(default=256, ge=8)
    """Width of the two towers."""
    num_convs: int = Field(default=4, ge=0)
    """3x3 convolutions in each tower."""
    anchors: AnchorSpec = AnchorSpec()
    positive_iou: float = Field(default=0.5, gt=0, le=1)
    """An anchor with at least this IoU learns the object; the best anchors of an object always do."""
    negative_iou: float = Field(default=0.4, gt=0, le=1)
    """An anchor below this IoU with every object learns background; those between learn nothing."""
    focal_alpha: float = Field(default=0.25, ge=0, le=1)
    """Weight of positives in the focal loss; negatives get the rest."""
    focal_gamma: float = Field(default=2.0, ge=0)
    """How strongly the focal loss turns away from what is already right."""
    box_weight: float = Field(default=1.0, ge=0)
    """Weight of the L1 loss of the box deltas."""
