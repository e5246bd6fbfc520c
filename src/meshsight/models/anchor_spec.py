"""What the heads with anchors share: which anchors, and how wide and deep the towers are."""

from typing import Annotated, Literal

from pydantic import Field

from meshsight.specs.base import Spec, VariantSpec

Positive = Annotated[float, Field(gt=0)]


class AnchorSpec(Spec):
    """The anchors of every cell: all pairs of scale and ratio."""

    base_scale: Positive = 4.0
    """Side of the smallest square anchor, in strides."""
    num_octave_scales: int = Field(default=3, ge=1)
    """Scales from one octave to the next: 2^0, 2^(1/3) and 2^(2/3) for 3."""
    ratios: tuple[Positive, ...] = Field(default=(0.5, 1.0, 2.0), min_length=1)
    """Height over width, at equal area."""
    is_rounded: bool = False
    """Scales cut and corners rounded to whole pixels, as torchvision has them."""


class AnchorHeadSpec(VariantSpec):
    """A tower for classes and one for boxes, shared by all levels, and a prediction for every anchor."""

    channels: int = Field(default=256, ge=8)
    """Width of the two towers."""
    num_convs: int = Field(default=4, ge=0)
    """3x3 convolutions in each tower."""
    norm: Literal["none", "batch_per_level"] = "none"
    """Batch normalisation after each convolution of the towers; `batch_per_level` has one of its own for each level."""
    anchors: AnchorSpec = AnchorSpec()
    delta_std: tuple[Positive, Positive, Positive, Positive] = (1.0, 1.0, 1.0, 1.0)
    """What the predicted deltas (x, y, log width, log height) are multiplied by."""
    box_beta: float = Field(default=0.0, ge=0)
    """Below it the box loss is quadratic (smooth L1); 0 is plain L1."""
    box_weight: float = Field(default=1.0, ge=0)
    """Weight of the loss of the box deltas."""
