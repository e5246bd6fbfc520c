"""ResNet, He et al. 2015 (arXiv 1512.03385), with the stride in the 3x3 convolution; step 6 of the walk."""

from typing import Literal

from pydantic import Field

from meshsight.specs.base import VariantSpec


class Spec(VariantSpec):
    """A ResNet with torchvision's ImageNet weights."""

    kind: Literal["resnet"] = "resnet"
    depth: Literal[18, 34, 50, 101] = 50
    pretrained: bool = True
    """Start from the published weights; `false` starts from random ones."""
    weights: str | None = None
    """File with the pretrained weights (safetensors or torch), used instead of the network's own download."""
    frozen_stages: int = Field(default=0, ge=0, le=4)
    """Stages, with the stem before them, which are never trained."""
    output_stride: Literal[8, 16, 32] = 32
    """Stride of the coarsest level; stages beyond it keep their size and look farther (dilated), and of the levels of
    one stride the last is given. Not every network of timm can."""
    norm: Literal["batch", "frozen", "fixed"] = "batch"
    """`frozen` keeps the running statistics of batch normalisation as pretrained; its scale and shift still learn.
    `fixed` keeps these, too."""
    drop_path: float = Field(default=0.0, ge=0, lt=1)
    """Probability with which the last residual block is left out in training, rising from 0 at the first (stochastic
    depth, arXiv 1603.09382)."""
