"""D-FINE, Peng et al. 2024 (arXiv 2410.13842); steps 6 and 7 of the walk."""

from typing import Annotated, Literal

from pydantic import Field

from meshsight.models.set_prediction.hybrid_spec import HybridSpec

Count = Annotated[int, Field(ge=1)]
Channels = Annotated[int, Field(ge=8)]


class Spec(HybridSpec):
    """RT-DETR's line with edges as distributions, on an HGNetV2; defaults as D-FINE-L (54.0 AP published)."""

    kind: Literal["d_fine"] = "d_fine"
    stem_channels: tuple[Channels, Channels] = (32, 48)
    blocks: tuple[Count, Count, Count, Count] = (1, 1, 3, 1)
    """Blocks of the backbone's stages."""
    block_layers: Count = 6
    """Convolutions of each block."""
    middles: tuple[Channels, Channels, Channels, Channels] = (48, 96, 192, 384)
    """Channels inside the blocks of the backbone's stages."""
    widths: tuple[Channels, Channels, Channels, Channels] = (128, 512, 1024, 2048)
    """Channels of the backbone's stages; the last three go to the encoder."""
    has_affine: bool = False
    """Whether a learnt scale and shift follow the backbone's activations, as in D-FINE-S and -M."""
    depth: float = Field(default=1.0, gt=0)
    """Factor on the number of the encoder's convolutional blocks."""
    num_points: tuple[Count, Count, Count] = (3, 6, 3)
    """Places that a head of the decoder reads from each level."""
    num_bins: int = Field(default=32, ge=4)
    """Values of an edge's distribution, less one."""
    edge_scale: float = Field(default=4.0, gt=0)
    """How far an edge can move: the larger, the farther values lie apart at its ends."""
    fine_weight: float = Field(default=0.15, ge=0)
    """Weight of the fine-grained loss of the edges."""
    distillation_weight: float = Field(default=1.5, ge=0)
    """Weight of the distillation from the last layer's edges."""
