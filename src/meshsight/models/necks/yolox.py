"""YOLOX's neck, Ge et al. 2021 (arXiv 2107.08430); step 6 of the walk."""

from typing import Literal

from pydantic import Field

from meshsight.specs.base import VariantSpec


class Spec(VariantSpec):
    """A path aggregation network of cross-stage partial layers over all levels of the backbone."""

    kind: Literal["yolox"] = "yolox"
    channels: int = Field(default=128, ge=8)
    """Channels of every level; 256 times the backbone's width."""
    num_blocks: int = Field(default=1, ge=1)
    """Bottlenecks in each layer; 3 times the backbone's depth."""
    is_depthwise: bool = False
    """Depthwise and 1x1 convolutions in place of 3x3 ones, as in YOLOX-nano."""
