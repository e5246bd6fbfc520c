"""What is around and behind the objects: the environment that lights them, and the background that is seen."""

from typing import Annotated, Literal

from pydantic import Discriminator, Field

from meshsight.specs.base import Spec
from meshsight.specs.distributions import Constant, Distribution, LogUniform, Uniform
from meshsight.specs.pictures import BackgroundFamily, EnvironmentSource, ProceduralEnvironments, Seeds
from meshsight.specs.ranges import NOT_EMPTY, Fraction, NonNegative, bounded


class EnvironmentSpec(Spec):
    """Light from all directions."""

    source: EnvironmentSource = ProceduralEnvironments()
    """Which maps: procedural families, or equirectangular files."""
    strength: NonNegative = LogUniform(low=0.4, high=1.3)
    """Factor on the map's radiance, whose mean is 1 for procedural maps."""
    rotation_deg: Distribution = Uniform(low=0, high=360)
    """Turn of the map about the vertical."""


NO_TURN = Constant(value=0.0)
Zoom = Annotated[Distribution, bounded(1.0, 100.0)]


class ProceduralBackgrounds(Spec):
    """Pictures painted by code."""

    kind: Literal["procedural"] = "procedural"
    weight: float = Field(default=1.0, gt=0)
    """How often this background is chosen, relative to the others."""
    families: Annotated[tuple[BackgroundFamily, ...] | None, NOT_EMPTY] = None
    """Which of bokeh, clouds, collage, facade, foliage, gradient, lines, mosaic, print, room, shapes, shelves, static;
    null for all."""
    seeds: Seeds = (0, 199)
    """First and last seed; each gives a picture of its own in every family."""
    zoom: Zoom = Uniform(low=1.0, high=2.0)
    """A crop of 1/zoom of the largest one that has the image's aspect is stretched over the image."""
    flip_probability: float = Field(default=0.5, ge=0, le=1)
    """How often the picture is mirrored left to right."""
    turn_probability: float = Field(default=0.0, ge=0, le=1)
    """How often the picture is turned by one, two or three right angles."""
    rotation_deg: Distribution = NO_TURN
    """Turn of the crop about its middle; it shrinks until it lies within the picture."""


class PhotographBackgrounds(Spec):
    """Photographs that do not show the objects."""

    kind: Literal["files"] = "files"
    weight: float = Field(default=1.0, gt=0)
    """How often this background is chosen, relative to the others."""
    files: Annotated[tuple[str, ...], NOT_EMPTY]
    """Paths relative to the recipe; a folder stands for every picture in it."""
    zoom: Zoom = Uniform(low=1.0, high=2.0)
    """A crop of 1/zoom of the largest one that has the image's aspect is stretched over the image."""
    flip_probability: float = Field(default=0.5, ge=0, le=1)
    """How often the picture is mirrored left to right."""
    turn_probability: float = Field(default=0.0, ge=0, le=1)
    """How often the picture is turned by one, two or three right angles."""
    rotation_deg: Distribution = NO_TURN
    """Turn of the crop about its middle; it shrinks until it lies within the picture."""


class EnvironmentBackground(Spec):
    """The environment itself is seen."""

    kind: Literal["environment"] = "environment"
    weight: float = Field(default=1.0, gt=0)
    """How often this background is chosen, relative to the others."""


class PlainBackgrounds(Spec):
    """One colour, drawn anew for each frame."""

    kind: Literal["plain"] = "plain"
    weight: float = Field(default=1.0, gt=0)
    """How often this background is chosen, relative to the others."""
    hue_deg: Distribution = Uniform(low=0, high=360)
    """Hue."""
    saturation: Fraction = Uniform(low=0.0, high=1.0)
    """Saturation of HSV."""
    brightness: Fraction = Uniform(low=0.05, high=1.0)
    """Value of HSV."""


BackgroundSpec = Annotated[
    ProceduralBackgrounds | PhotographBackgrounds | EnvironmentBackground | PlainBackgrounds, Discriminator("kind")
]

DEFAULT_BACKGROUNDS: tuple[BackgroundSpec, ...] = (
    ProceduralBackgrounds(weight=7),
    EnvironmentBackground(weight=2),
    PlainBackgrounds(weight=1),
)
