"""Where lamps stand."""

from typing import Annotated, Literal

from pydantic import Discriminator, Field, model_validator

from meshsight.specs.alternatives import check_one_of
from meshsight.specs.base import Spec
from meshsight.specs.distributions import Constant, Distribution, Uniform
from meshsight.specs.ranges import Elevation, NonNegative, Positive


class OnShell(Spec):
    """On a shell around the middle of the scene."""

    kind: Literal["shell"] = "shell"
    distance: Positive | None = Uniform(low=2.0, high=4.0)
    """Distance from the middle of the scene, in multiples of its radius."""
    distance_m: Positive | None = None
    """Distance in metres, instead of `distance`."""
    elevation_deg: Elevation = Uniform(low=10, high=80)
    """Height above the horizontal plane through the middle of the scene."""
    azimuth_deg: Distribution = Uniform(low=0, high=360)
    """Direction about the vertical."""

    @model_validator(mode="after")
    def _one_distance(self) -> "OnShell":
        check_one_of(distance=self.distance, distance_m=self.distance_m)
        return self


class InBox(Spec):
    """In a box of the world."""

    kind: Literal["box"] = "box"
    x_m: Distribution = Uniform(low=-1, high=1)
    """Position along the world's x."""
    y_m: Distribution = Uniform(low=-1, high=1)
    """Position along the world's y."""
    z_m: Distribution = Uniform(low=0.5, high=2)
    """Height."""


class UnderCeiling(Spec):
    """Under the ceiling of the room."""

    kind: Literal["ceiling"] = "ceiling"
    columns: int | None = Field(default=None, ge=1)
    """Lamps hang in a grid with so many columns, one after another and row by row; null: anywhere."""
    rows: int = Field(default=1, ge=1)
    """Rows of that grid."""
    inset: float = Field(default=0.1, ge=0, lt=0.5)
    """Share of the room's width and depth at each wall that stays free."""
    drop: NonNegative = Constant(value=0.02)
    """Distance below the ceiling, as a share of the room's height."""


Position = Annotated[OnShell | InBox | UnderCeiling, Discriminator("kind")]
