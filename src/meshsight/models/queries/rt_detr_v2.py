"""RT-DETRv2, Lv et al. 2024 (arXiv 2407.17140); steps 6 and 7 of the walk."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from meshsight.models.set_prediction.hybrid_spec import HybridSpec

Blocks = Annotated[int, Field(ge=1)]
Channels = Annotated[int, Field(ge=8)]


class Spec(HybridSpec):
    """A real-time DETR on a ResNet-D, three of its levels; defaults as RT-DETRv2-R50 (53.4 AP published)."""

    kind: Literal["rt_detr_v2"] = "rt_detr_v2"
    block: Literal["basic", "bottleneck"] = "bottleneck"
    """Residual blocks of the backbone: basic in R18 and R34."""
    stem_channels: Channels = 64
    blocks: tuple[Blocks, Blocks, Blocks, Blocks] = (3, 4, 6, 3)
    """Blocks of the backbone's stages."""
    widths: tuple[Channels, Channels, Channels, Channels] = (256, 512, 1024, 2048)
    """Channels of the backbone's stages; the last three go to the encoder."""
    num_points: int = Field(default=4, ge=1)
    """Places that a head of the decoder reads from each level."""
    method: Literal["default", "discrete"] = "default"
    """How they are read: between cells, or from the nearest one."""

    @model_validator(mode="after")
    def _first_blocks_fit(self) -> "Spec":
        if self.block == "basic" and self.stem_channels != self.widths[0]:
            raise ValueError(
                f"stem_channels: basic blocks expect as many as the first stage has, {self.widths[0]}; found "
                f"{self.stem_channels}"
            )
        return self
