"""YOLOv3's neck, Redmon and Farhadi 2018 (arXiv 1804.02767); step 6 of the walk."""

from typing import Literal

from pydantic import Field

from meshsight.specs.base import VariantSpec


class Spec(VariantSpec):
    """Five convolutions at each level, each level fed by the coarser one; all levels of the backbone are used."""

    kind: Literal["yolov3"] = "yolov3"
    channels: int = Field(default=128, ge=4)
    """Channels of the finest level; each coarser one has twice as many."""
