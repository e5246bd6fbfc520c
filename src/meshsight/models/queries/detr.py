"""DETR, Carion et al. 2020 (arXiv 2005.12872); steps 6 and 7 of the walk."""

from typing import Annotated, Literal

from pydantic import Field

from meshsight.models.kinds import BACKBONE_KINDS
from meshsight.models.set_prediction.spec import MatchSpec
from meshsight.specs.base import Slot, VariantSpec


class Spec(VariantSpec):
    """Any backbone of ours, a transformer over its coarsest level, and queries; defaults as DETR-R50."""

    kind: Literal["detr"] = "detr"
    backbone: Annotated[VariantSpec, Slot(BACKBONE_KINDS)]
    channels: int = Field(default=256, ge=8)
    num_heads: int = Field(default=8, ge=1)
    """Attention heads; must divide the channels."""
    ffn_channels: int = Field(default=2048, ge=8)
    """Width of the two linear layers of each block."""
    encoder_layers: int = Field(default=6, ge=1)
    decoder_layers: int = Field(default=6, ge=1)
    num_queries: int = Field(default=100, ge=1)
    """The most objects that can be found in an image."""
    dropout: float = Field(default=0.1, ge=0, lt=1)
    no_object_weight: float = Field(default=0.1, gt=0)
    """Weight in the class loss of queries that no object takes."""
    matching: MatchSpec = MatchSpec()
