"""CSPDarknet, YOLOX's backbone, Ge et al. 2021 (arXiv 2107.08430); step 6 of the walk."""

from typing import Literal

from pydantic import Field

from meshsight.specs.base import VariantSpec


class Spec(VariantSpec):
    """Darknet with cross-stage partial layers; s is depth 0.33 and width 0.5, x is 1.33 and 1.25."""

    kind: Literal["csp_darknet"] = "csp_darknet"
    depth: float = Field(default=0.33, gt=0)
    """Factor on the numbers of blocks 3, 9, 9 and 3."""
    width: float = Field(default=0.5, gt=0)
    """Factor on the channels 64 to 1024."""
    is_depthwise: bool = False
    """Depthwise and 1x1 convolutions in place of 3x3 ones, as in YOLOX-nano."""
