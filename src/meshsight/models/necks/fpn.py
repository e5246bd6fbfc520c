"""The Feature Pyramid Network, Lin et al. 2017 (arXiv 1612.03144); step 6 of the walk."""

from typing import Literal

from pydantic import Field

from meshsight.specs.base import VariantSpec


class Spec(VariantSpec):
    """Top-down pyramid with lateral connections, as in mmdetection, and coarser levels added on top."""

    kind: Literal["fpn"] = "fpn"
    channels: int = Field(default=256, ge=8)
    """Channels of every level."""
    first_stride: int = Field(default=8, ge=1)
    """Stride of the finest level; finer maps of the backbone are not used."""
    num_levels: int = Field(default=5, ge=1)
    """Levels given. Those coarser than the backbone's are made by halving again."""
    extra_levels: Literal["on_input", "on_output", "pool"] = "on_input"
    """How coarser levels are made: by stride-2 convolutions from the backbone's last map or the pyramid's last map, or
    by taking every second cell of the latter."""
    has_relu_between: bool = False
    """A ReLU before each convolution that makes a coarser level, except the first, as in torchvision."""
    norm: Literal["none", "batch"] = "none"
    """`batch` puts batch normalisation after each convolution and a ReLU after the output ones: for training from
    scratch."""
