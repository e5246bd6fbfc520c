"""Where pictures come from: families that code paints, by family and seed, or files.

A recipe for training and one for testing stay apart when their `seeds` do not overlap.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Discriminator, Field

from meshsight.specs.base import Spec
from meshsight.specs.ranges import NOT_EMPTY

TextureFamily: TypeAlias = Literal[
    "bricks",
    "brushed",
    "camouflage",
    "checker",
    "confetti",
    "dots",
    "fabric",
    "gravel",
    "marble",
    "noise",
    "speckle",
    "stripes",
    "wood",
]
BackgroundFamily: TypeAlias = Literal[
    "bokeh",
    "clouds",
    "collage",
    "facade",
    "foliage",
    "gradient",
    "lines",
    "mosaic",
    "print",
    "room",
    "shapes",
    "shelves",
    "static",
]
EnvironmentFamily: TypeAlias = Literal["forest", "hall", "lamps", "neon", "overcast", "room", "sky", "studio", "sunset"]


def _check_seeds(seeds: tuple[int, int]) -> tuple[int, int]:
    if seeds[0] > seeds[1]:
        raise ValueError(f"the first seed {seeds[0]} is above the last one {seeds[1]}; swap them")
    return seeds


Seeds = Annotated[tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)]], AfterValidator(_check_seeds)]


class ProceduralTextures(Spec):
    """Tileable surfaces painted by code."""

    kind: Literal["procedural"] = "procedural"
    families: Annotated[tuple[TextureFamily, ...] | None, NOT_EMPTY] = None
    """Which of bricks, brushed, camouflage, checker, confetti, dots, fabric, gravel, marble, noise, speckle, stripes,
    wood; null for all."""
    seeds: Seeds = (0, 49)
    """First and last seed; each gives a picture of its own in every family."""


class ProceduralEnvironments(Spec):
    """Surroundings painted by code."""

    kind: Literal["procedural"] = "procedural"
    families: Annotated[tuple[EnvironmentFamily, ...] | None, NOT_EMPTY] = None
    """Which of forest, hall, lamps, neon, overcast, room, sky, studio, sunset; null for all."""
    seeds: Seeds = (0, 99)
    """First and last seed; each gives surroundings of their own in every family."""


class PictureFiles(Spec):
    """Picture files, and folders of them."""

    kind: Literal["files"] = "files"
    files: Annotated[tuple[str, ...], NOT_EMPTY]
    """Paths relative to the recipe; a folder stands for every picture in it."""


TextureSource = Annotated[ProceduralTextures | PictureFiles, Discriminator("kind")]
EnvironmentSource = Annotated[ProceduralEnvironments | PictureFiles, Discriminator("kind")]
