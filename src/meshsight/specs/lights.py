"""Lights besides the environment: suns far away, and points near the objects."""

from meshsight.specs.base import Spec
from meshsight.specs.colors import Kelvin
from meshsight.specs.distributions import Choice, Distribution, Uniform
from meshsight.specs.lamps import LampSpec
from meshsight.specs.ranges import Elevation, NonNegative, Positive


class SunsSpec(Spec):
    """Distant lights."""

    count: NonNegative = Choice(values=(0, 1), weights=(0.4, 0.6))
    """Suns in a scene, rounded."""
    elevation_deg: Elevation = Uniform(low=15, high=80)
    """Height above the horizon."""
    azimuth_deg: Distribution = Uniform(low=0, high=360)
    """Direction about the vertical."""
    irradiance: NonNegative = Uniform(low=0.5, high=3.0)
    """Light on a surface that faces the sun; an environment of strength 1 gives about 3."""
    temperature_k: Kelvin = Uniform(low=3500, high=8000)
    """Colour as that of a black body; 6500 is white."""
    casts_shadow: bool = True
    """Whether objects and ground receive its shadow."""


class PointLightsSpec(Spec):
    """Small lights near the objects, without shadow."""

    count: NonNegative = Choice(values=(0, 1, 2), weights=(0.5, 0.3, 0.2))
    """Point lights in a scene, rounded."""
    distance: Positive = Uniform(low=2.0, high=4.0)
    """Distance from the middle of the scene, in multiples of its radius."""
    elevation_deg: Elevation = Uniform(low=10, high=80)
    """Height above the horizontal plane through the middle of the scene."""
    azimuth_deg: Distribution = Uniform(low=0, high=360)
    """Direction about the vertical."""
    irradiance: NonNegative = Uniform(low=0.2, high=1.5)
    """Light on a surface in the middle of the scene that faces the lamp."""
    temperature_k: Kelvin = Uniform(low=2500, high=9000)
    """Colour as that of a black body; 6500 is white."""


class LightsSpec(Spec):
    """Lights besides the environment."""

    suns: SunsSpec = SunsSpec()
    """Distant lights."""
    points: PointLightsSpec = PointLightsSpec()
    """Near lights."""
    lamps: tuple[LampSpec, ...] = ()
    """Groups of lamps of any kind: point, spot, area, three_point."""
