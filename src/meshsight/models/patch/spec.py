"""What every patch network is told; nothing here needs torch."""

from itertools import accumulate
from typing import Annotated, Literal

from pydantic import Field, model_validator

from meshsight.specs.base import Spec, VariantSpec

Count = Annotated[int, Field(ge=1)]


class BlockSpec(Spec):
    """A convolution with bias, then batch normalisation, a leaky ReLU and pooling."""

    filters: int = Field(ge=1)
    kernel: int = Field(default=3, ge=1)
    stride: int = Field(default=1, ge=1)
    is_padded: bool = True
    """Zeros around the map, so that an odd kernel at stride 1 keeps its size."""
    has_norm: bool = True
    pool: int = Field(default=1, ge=1, le=2)
    """Side of the squares of which only the largest value stays."""

    @model_validator(mode="after")
    def _padded_evenly(self) -> "BlockSpec":
        if self.is_padded and self.kernel % 2 == 0:
            raise ValueError(f"kernel: a padded one must be odd (found {self.kernel}); or set is_padded to false")
        return self

    @property
    def padding(self) -> int:
        """Zeros on each side."""
        return self.kernel // 2 if self.is_padded else 0

    def after(self, side: int) -> int:
        """Returns the side of the map that the block makes of one of this side."""
        return ((side + 2 * self.padding - self.kernel) // self.stride + 1) // self.pool


class PenaltySpec(Spec):
    """What large weights cost, in every layer but the first and the last."""

    l1: float = Field(default=1e-5, ge=0)
    """Of the sum of absolute weights."""
    l2: float = Field(default=1e-4, ge=0)
    """Of the sum of squared weights and biases."""


class ClassLossSpec(Spec):
    """Cross-entropy of ball and no ball, weighted by what a mistake costs; the mean over the batch."""

    false_positive_cost: float = Field(default=1.0, gt=0)
    """Weight of patches without a ball."""
    false_negative_cost: float = Field(default=10.0, gt=0)
    """Weight of patches with a ball."""
    focal_gamma: float = Field(default=0.0, ge=0)
    """How strongly the loss turns away from what is already right (Lin et al., arXiv 1708.02002); 0: not at all."""


class CircleLossSpec(Spec):
    """How far a circle is off; the mean over the patches whose circle is known."""

    kind: Literal["mae", "huber", "iou"] = "mae"
    """`iou`: 1 - IoU of the discs, plus the squared distance of the centres over that of their far ends."""
    huber_delta: float = Field(default=0.05, gt=0)
    """Where the Huber loss turns from square to straight, in sides of the patch."""
    weight: float = Field(default=1.0, gt=0)


class PatchSpec(VariantSpec):
    """What all families share: the input and the trunk; defaults as NaoTH's net of 1,550 parameters."""

    input_hw: tuple[Count, Count] = (16, 16)
    channels: int = Field(default=1, ge=1)
    """Of the image: 1 for luminance, 2 for YUV422, 3 for RGB."""
    has_position: bool = False
    """One more channel, which says where in the camera's image the patch was cut."""
    filters: Annotated[tuple[Count, ...], Field(min_length=1)] = (4, 4, 8, 8)
    """Filters of the usual blocks: 3x3 and pooling in each, but 2x2 unpadded in the last."""
    blocks: tuple[BlockSpec, ...] | None = None
    """Other blocks than the usual ones; `filters` has no say then."""
    dense: tuple[Count, ...] = (64,)
    """Widths of the dense layers between the last block and the outputs."""
    dropout: float = Field(default=0.33, ge=0, lt=1)
    """Share of the first dense layer's values that are dropped in training."""
    slope: float = Field(default=0.3, ge=0, lt=1)
    """Of the leaky ReLU below zero; 0: a plain ReLU."""
    penalty: PenaltySpec | None = PenaltySpec()

    @model_validator(mode="after")
    def _large_enough(self) -> "PatchSpec":
        for axis, side in zip(("height", "width"), self.input_hw, strict=True):
            sides = list(accumulate(self.all_blocks, lambda left, block: block.after(left), initial=side))
            if min(sides) < 1:
                raise ValueError(
                    f"input_hw: {axis} {side} shrinks to nothing in {len(self.all_blocks)} blocks: {sides}"
                )
        return self

    @property
    def all_blocks(self) -> tuple[BlockSpec, ...]:
        """The blocks, given or usual."""
        if self.blocks is not None:
            return self.blocks
        *first, last = self.filters
        end = BlockSpec(filters=last, kernel=2, is_padded=False)
        return (*(BlockSpec(filters=filters, pool=2) for filters in first), end)


class ClassifyingSpec(PatchSpec):
    """A family that says whether there is a ball."""

    output: Literal["softmax", "sigmoid"] = "softmax"
    """Two outputs, no ball and ball, or the ball alone."""
    class_loss: ClassLossSpec = ClassLossSpec()

    @property
    def num_logits(self) -> int:
        """Width of the class output."""
        return 2 if self.output == "softmax" else 1


class LocatingSpec(PatchSpec):
    """A family that says where the ball's circle is."""

    circle_activation: Literal["linear", "sigmoid"] = "linear"
    """`sigmoid` keeps radius and centre within the patch."""
    circle_loss: CircleLossSpec = CircleLossSpec()
