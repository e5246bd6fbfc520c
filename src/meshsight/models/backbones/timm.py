"""Any backbone of the timm library by its name; step 6 of the walk."""

from typing import Literal

from pydantic import Field

from meshsight.specs.base import VariantSpec


class Spec(VariantSpec):
    """A network of timm as a feature pyramid."""

    kind: Literal["timm"] = "timm"
    name: str = Field(min_length=1)
    """Name in timm, such as `resnet50`, `convnext_tiny` or `resnet50.tv_in1k` with the tag of its weights."""
    pretrained: bool = True
    """Start from timm's published weights; `false` starts from random ones."""
    weights: str | None = None
    """File with this network's pretrained weights (safetensors or torch), used instead of the download."""
    frozen_stages: int = Field(default=0, ge=0, le=5)
    """Stages, from stride 4 on and with all that comes before them, which are never trained."""
    output_stride: Literal[8, 16, 32] = 32
    """Stride of the coarsest level; stages beyond it keep their size and look farther (dilated), and of the levels of
    one stride the last is given. Not every network of timm can."""
    norm: Literal["batch", "frozen", "fixed"] = "batch"
    """`frozen` keeps the running statistics of batch normalisation as pretrained; its scale and shift still learn.
    `fixed` keeps these, too."""
    drop_path: float = Field(default=0.0, ge=0, lt=1)
    """Probability with which the last residual block is left out in training, rising from 0 at the first (stochastic
    depth, arXiv 1603.09382); for networks that know it, such as ConvNeXt and Swin."""
