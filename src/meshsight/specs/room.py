"""A room around the scene."""

from pydantic import Field, model_validator

from meshsight.specs.alternatives import check_one_of
from meshsight.specs.base import Spec
from meshsight.specs.distributions import Constant, Distribution, Uniform
from meshsight.specs.materials import PlaneMaterial
from meshsight.specs.ranges import NonNegative, Positive


class WallMaterial(PlaneMaterial):
    """What walls are made of."""

    texture_probability: float = Field(default=0.5, ge=0, le=1)
    """How often there is a texture; else it has one colour."""
    brightness: NonNegative = Uniform(low=0.4, high=0.9)
    """Factor on the texture's colours, or brightness where there is none."""


class CeilingMaterial(PlaneMaterial):
    """What a ceiling is made of."""

    texture_probability: float = Field(default=0.2, ge=0, le=1)
    """How often there is a texture; else it has one colour."""
    brightness: NonNegative = Uniform(low=0.6, high=0.95)
    """Factor on the texture's colours, or brightness where there is none."""


class RoomSpec(Spec):
    """Four walls, a floor and a ceiling around the scene and its camera.

    The room stands around the region of the objects, and is made larger where the camera or an object would be outside.
    Its floor takes the place of the placement's ground; under objects that float it lies below the lowest.
    """

    probability: float = Field(default=1.0, ge=0, le=1)
    """How often there is a room."""
    width: Positive | None = Uniform(low=3.0, high=8.0)
    """Width, in multiples of the radius of the objects' region."""
    depth: Positive | None = Uniform(low=3.0, high=8.0)
    """Depth, in multiples of the radius of the objects' region."""
    height: Positive | None = Uniform(low=2.0, high=4.0)
    """Height, in multiples of the radius of the objects' region."""
    width_m: Positive | None = None
    """Width in metres, instead of `width`."""
    depth_m: Positive | None = None
    """Depth in metres, instead of `depth`."""
    height_m: Positive | None = None
    """Height in metres, instead of `height`."""
    turn_deg: Distribution = Constant(value=0.0)
    """Turn of the room about the vertical."""
    floor: PlaneMaterial = PlaneMaterial()
    """What the floor is made of."""
    walls: WallMaterial = WallMaterial()
    """What the walls are made of."""
    walls_differ: bool = False
    """Whether each wall is drawn by itself."""
    ceiling: CeilingMaterial | None = CeilingMaterial()
    """What the ceiling is made of; null for an open room."""

    @model_validator(mode="after")
    def _one_size(self) -> "RoomSpec":
        check_one_of(width=self.width, width_m=self.width_m)
        check_one_of(depth=self.depth, depth_m=self.depth_m)
        check_one_of(height=self.height, height_m=self.height_m)
        return self
