"""RF-DETR, Robinson et al. 2025 (arXiv 2511.09554); steps 6 and 7 of the walk."""

from typing import Annotated, Literal

from pydantic import Field

from meshsight.models.set_prediction.spec import MatchSpec
from meshsight.specs.base import VariantSpec

LayerIndex = Annotated[int, Field(ge=1)]


class Spec(VariantSpec):
    """LW-DETR's line on DINOv2 with windows; defaults as RF-DETR-N (48.4 AP published)."""

    kind: Literal["rf_detr"] = "rf_detr"
    image_size: int = Field(default=384, ge=32)
    """Side of the square input that the backbone's places were learnt for; others are interpolated."""
    patch_size: int = Field(default=16, ge=4)
    num_windows: int = Field(default=2, ge=1)
    """Windows across and down, within which most layers look."""
    width: int = Field(default=384, ge=8)
    """Channels of the backbone."""
    num_layers: int = Field(default=12, ge=1)
    """Layers of the backbone."""
    backbone_heads: int = Field(default=6, ge=1)
    levels: Annotated[tuple[LayerIndex, ...], Field(min_length=1)] = (3, 6, 9, 12)
    """Layers of the backbone, from 1, whose maps are used; they look at the whole image."""
    channels: int = Field(default=256, ge=8)
    """Width of the decoder."""
    self_heads: int = Field(default=8, ge=1)
    """Heads of the attention between queries."""
    cross_heads: int = Field(default=16, ge=1)
    """Heads of the attention to the image."""
    ffn_channels: int = Field(default=2048, ge=8)
    num_points: int = Field(default=2, ge=1)
    """Places that a head of the decoder reads from the map."""
    decoder_layers: int = Field(default=2, ge=1)
    dropout: float = Field(default=0.0, ge=0, lt=1)
    """In the decoder; the authors train without."""
    num_queries: int = Field(default=300, ge=1)
    """The most objects that can be found in an image; an input must have at least so many patches."""
    num_groups: int = Field(default=13, ge=1)
    """Groups of queries in training, each of which learns every object; only the first one answers."""
    quality_alpha: float = Field(default=0.25, ge=0, le=1)
    """Share of the score, beside the IoU, in what a class should say."""
    matching: MatchSpec = MatchSpec(class_cost=2.0)
