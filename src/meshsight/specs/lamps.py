"""Groups of lamps: small ones, spots, glowing areas, and the photographer's three-point rig.

`energy` is counted in a `unit`: `irradiance` on a surface in the middle of the scene that faces the lamp (an
environment of strength 1 gives about 3), `power_w` in watts as Blender counts them (a point or spot of P watts has the
radiant intensity P / (4 pi), an area of P watts the radiance P / (pi area)), or, of areas, `radiance`.
"""

from typing import Annotated, Literal

from pydantic import Discriminator, Field, model_validator

from meshsight.specs.alternatives import check_one_of
from meshsight.specs.base import Spec
from meshsight.specs.colors import Color, Temperature
from meshsight.specs.distributions import Constant, Distribution, Uniform
from meshsight.specs.positions import OnShell, Position
from meshsight.specs.ranges import Fraction, NonNegative, Positive, bounded


class _LampSpec(Spec):
    count: NonNegative = Constant(value=1.0)
    """Lamps of this group in a scene, rounded."""
    on_probability: float = Field(default=1.0, ge=0, le=1)
    """How often each of them is on."""
    where: Position = OnShell()
    """Where they stand: shell, box or ceiling."""
    energy: NonNegative = Uniform(low=0.2, high=1.5)
    """How bright each is, in the `unit` below."""
    color: Color = Temperature()
    """Colour, as a temperature, hsv or rgb."""
    one_color: bool = False
    """Whether all lamps of the group have the same colour."""


class PointLamps(_LampSpec):
    """Small lamps that shine all around, without shadow."""

    kind: Literal["point"] = "point"
    unit: Literal["irradiance", "power_w"] = "irradiance"
    """What `energy` counts."""


class SpotLamps(_LampSpec):
    """Small lamps that shine into a cone."""

    kind: Literal["spot"] = "spot"
    unit: Literal["irradiance", "power_w"] = "irradiance"
    """What `energy` counts."""
    cone_deg: Annotated[Distribution, bounded(1.0, 180.0)] = Uniform(low=25, high=70)
    """The cone's whole angle."""
    blend: Fraction = Uniform(low=0.1, high=0.6)
    """Softness of the cone's edge: 0 hard, 1 fading from the axis on."""
    aim: Literal["middle", "down"] = "middle"
    """Where they shine: at the middle of the scene, or straight down."""
    casts_shadow: bool = True
    """Whether objects, ground and walls receive their shadow."""


class AreaLamps(_LampSpec):
    """Flat lamps that shine to one side; they are not seen themselves."""

    kind: Literal["area"] = "area"
    unit: Literal["irradiance", "power_w", "radiance"] = "irradiance"
    """What `energy` counts."""
    shape: Literal["rectangle", "disk"] = "rectangle"
    """A rectangle, or the ellipse in it."""
    width: Positive | None = Uniform(low=0.5, high=2.0)
    """Width, in multiples of the scene's radius."""
    width_m: Positive | None = None
    """Width in metres, instead of `width`."""
    aspect: Positive = Constant(value=1.0)
    """Height over width."""
    aim: Literal["middle", "down"] = "middle"
    """Where they shine: at the middle of the scene, or straight down."""
    casts_shadow: bool = True
    """Whether objects, ground and walls receive their shadow."""

    @model_validator(mode="after")
    def _one_width(self) -> "AreaLamps":
        check_one_of(width=self.width, width_m=self.width_m)
        return self


class ThreePointRig(Spec):
    """A key spot, a fill disk on the other side, and a back point opposite to the key."""

    kind: Literal["three_point"] = "three_point"
    on_probability: float = Field(default=1.0, ge=0, le=1)
    """How often the rig is on."""
    distance: Positive | None = Constant(value=3.0)
    """Distance of all three from the middle of the scene, in multiples of its radius."""
    distance_m: Positive | None = None
    """Distance in metres, instead of `distance`."""
    key_inclination_deg: Annotated[Distribution, bounded(0.0, 180.0)] = Uniform(low=20, high=60)
    """Angle of the key from straight above; the fill's is 45 degrees and half of it."""
    key_azimuth_deg: Distribution = Uniform(low=0, high=360)
    """Direction of the key about the vertical; the fill's is its mirror image, 180 degrees minus it."""
    follows_camera: bool = False
    """Whether azimuths count from the camera's side instead of from the world's x."""
    unit: Literal["irradiance", "power_w"] = "irradiance"
    """What the three energies count."""
    key_energy: NonNegative = Uniform(low=1.0, high=2.5)
    """How bright the key is."""
    fill_energy: NonNegative = Uniform(low=0.3, high=1.0)
    """How bright the fill is."""
    back_energy: NonNegative = Uniform(low=0.3, high=1.0)
    """How bright the back is."""
    color: Color = Temperature()
    """Colour of all three, as a temperature, hsv or rgb."""
    key_cone_deg: Annotated[Distribution, bounded(1.0, 180.0)] = Constant(value=45.0)
    """Whole angle of the key's cone."""
    fill_width: Positive = Constant(value=0.5)
    """Diameter of the fill, in multiples of the distance."""
    casts_shadow: bool = True
    """Whether objects, ground and walls receive the shadow of key and fill."""

    @model_validator(mode="after")
    def _one_distance(self) -> "ThreePointRig":
        check_one_of(distance=self.distance, distance_m=self.distance_m)
        return self


LampSpec = Annotated[PointLamps | SpotLamps | AreaLamps | ThreePointRig, Discriminator("kind")]
