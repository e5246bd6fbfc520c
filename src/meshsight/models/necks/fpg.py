"""Feature Pyramid Grids, Chen et al. 2020 (arXiv 2004.03580); step 6 of the walk."""

from typing import Literal

from pydantic import Field

from meshsight.specs.base import VariantSpec


class Spec(VariantSpec):
    """A grid of parallel bottom-up pathways with connections across; defaults as mmdetection's RetinaNet with FPG."""

    kind: Literal["fpg"] = "fpg"
    channels: int = Field(default=256, ge=8)
    """Channels of every level; the paper's small version has 128."""
    first_stride: int = Field(default=8, ge=1)
    """Stride of the finest level; finer maps of the backbone are not used."""
    num_levels: int = Field(default=5, ge=2)
    """Levels given. Those coarser than the backbone's are made by halving again."""
    num_pathways: int = Field(default=9, ge=1)
    """Bottom-up pathways after the first, which is the backbone's own."""
    extra_levels: Literal["on_output", "pool"] = "on_output"
    """How coarser levels are made: by stride-2 convolutions from the last one, or by taking every second cell of it."""
