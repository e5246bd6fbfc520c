"""The `composite` renderer: each object drawn once by another renderer, and put over photographs many times."""

from typing import Annotated, Literal

from pydantic import Field

from meshsight.specs.base import Slot, VariantSpec
from meshsight.specs.recomposition import RecompositionSpec
from meshsight.specs.scene import RENDERER_KINDS


class Spec(VariantSpec):
    """Puts sprites of objects over pictures: many images of few renders, with exact labels and without shadows."""

    kind: Literal["composite"] = "composite"
    sprites: Annotated[VariantSpec, Slot(RENDERER_KINDS, without=("composite",))] = Field(
        default="raster",  # pyright: ignore[reportAssignmentType]
        validate_default=True,
    )
    """What draws the sprites."""
    recomposition: RecompositionSpec = RecompositionSpec()
    """Which frames are made of sprites that are there already."""
    keep_on_disk: bool = True
    """Whether sprites are kept in the cache folder (MESHSIGHT_CACHE), for other processes and other runs."""
    cache_mb: int = Field(default=512, ge=16)
    """Memory for sprites that are kept between frames."""
