"""What RT-DETR's and D-FINE's recipes share."""

from typing import Literal

from pydantic import Field

from meshsight.models.set_prediction.spec import MatchSpec
from meshsight.specs.base import VariantSpec


class HybridSpec(VariantSpec):
    """A hybrid encoder over a backbone's three coarsest levels, and a decoder of deformable attention."""

    norm: Literal["batch", "frozen"] = "frozen"
    """`frozen` keeps the statistics, scale and shift of the backbone's norms as pretrained; without weights to
    start from, take `batch`."""
    encoder_channels: int = Field(default=256, ge=8)
    encoder_ffn_channels: int = Field(default=1024, ge=8)
    expansion: float = Field(default=1.0, gt=0)
    """Factor on the width inside the encoder's convolutional blocks."""
    channels: int = Field(default=256, ge=8)
    """Width of the decoder."""
    num_heads: int = Field(default=8, ge=1)
    """Attention heads; must divide both widths."""
    decoder_ffn_channels: int = Field(default=1024, ge=8)
    decoder_layers: int = Field(default=6, ge=1)
    num_queries: int = Field(default=300, ge=1)
    """The most objects that can be found in an image; an input must have at least so many cells."""
    num_denoising: int = Field(default=100, ge=0)
    """Queries of spoilt objects in training; 0 for none."""
    vfl_alpha: float = Field(default=0.75, ge=0)
    """Weight of false classes in the varifocal loss."""
    vfl_gamma: float = Field(default=2.0, ge=0)
    """How strongly the varifocal loss turns away from false classes that score low already."""
    matching: MatchSpec = MatchSpec(class_cost=2.0)
