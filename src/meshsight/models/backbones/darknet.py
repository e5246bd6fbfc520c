"""Darknet-53, YOLOv3's backbone, Redmon and Farhadi 2018 (arXiv 1804.02767); step 6 of the walk."""

from typing import Annotated, Literal

from pydantic import Field

from meshsight.specs.base import VariantSpec

Depth = Annotated[int, Field(ge=0)]


class Spec(VariantSpec):
    """Five stages of residual blocks at strides 2 to 32, of which the last three are given."""

    kind: Literal["darknet"] = "darknet"
    depths: tuple[Depth, Depth, Depth, Depth, Depth] = (1, 2, 8, 8, 4)
    """Residual blocks at strides 2, 4, 8, 16 and 32; the default has 53 layers."""
    channels: int = Field(default=32, ge=4, multiple_of=2)
    """Channels of the first convolution; each stage doubles them."""
