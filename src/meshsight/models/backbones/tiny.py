"""A small residual network for CPUs and small data; step 6 of the walk."""

from typing import Annotated, Literal

from pydantic import Field

from meshsight.specs.base import VariantSpec

Channels = Annotated[int, Field(ge=8)]


class Spec(VariantSpec):
    """Four stages of plain residual blocks at strides 4, 8, 16 and 32, made to be trained from scratch on a CPU."""

    kind: Literal["tiny"] = "tiny"
    channels: tuple[Channels, Channels, Channels, Channels] = (32, 64, 128, 256)
    """Channels at strides 4, 8, 16 and 32. Multiples of 32 run fastest in bfloat16."""
    depths: tuple[
        Annotated[int, Field(ge=0)],
        Annotated[int, Field(ge=0)],
        Annotated[int, Field(ge=0)],
        Annotated[int, Field(ge=0)],
    ] = (1, 2, 2, 2)
    """Residual blocks at strides 4, 8, 16 and 32, after the convolution that makes the map coarser."""
