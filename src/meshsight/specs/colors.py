"""Colours that are drawn: of lamps, of surfaces and of what glows."""

from typing import Annotated, Literal

from pydantic import Discriminator

from meshsight.specs.base import Spec
from meshsight.specs.distributions import Constant, Distribution, Uniform
from meshsight.specs.ranges import Fraction, bounded

Kelvin = Annotated[Distribution, bounded(1667.0, 25000.0)]


class Temperature(Spec):
    """The colour of a black body, of luminance 1."""

    kind: Literal["temperature"] = "temperature"
    temperature_k: Kelvin = Uniform(low=2500, high=9000)
    """Temperature; 6500 is white."""


class Hsv(Spec):
    """Hue, saturation and value, as linear RGB."""

    kind: Literal["hsv"] = "hsv"
    hue_deg: Distribution = Uniform(low=0, high=360)
    """Hue."""
    saturation: Fraction = Uniform(low=0, high=1)
    """Saturation."""
    value: Fraction = Uniform(low=0.2, high=1)
    """The largest channel."""


class FreeRgb(Spec):
    """Linear red, green and blue, each drawn by itself."""

    kind: Literal["rgb"] = "rgb"
    red: Fraction = Uniform(low=0, high=1)
    """Red."""
    green: Fraction = Uniform(low=0, high=1)
    """Green."""
    blue: Fraction = Uniform(low=0, high=1)
    """Blue."""


Color = Annotated[Temperature | Hsv | FreeRgb, Discriminator("kind")]

WHITE = FreeRgb(red=Constant(value=1), green=Constant(value=1), blue=Constant(value=1))
