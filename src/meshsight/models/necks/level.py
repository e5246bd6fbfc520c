"""One level of the backbone as it is, for heads that look at a single grid; step 6 of the walk."""

from typing import Literal

from pydantic import Field

from meshsight.specs.base import VariantSpec


class Spec(VariantSpec):
    """No neck at all: the level of one stride."""

    kind: Literal["level"] = "level"
    stride: int = Field(default=16, ge=4)
    """Input pixels from one cell to the next; the backbone must have such a level."""
