"""Standing on the ground, upright or on a stable side, without touching."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field

from meshsight.core.pose import Matrix3, Matrix4, rotation_about_z
from meshsight.records.scene import Ground
from meshsight.synthesis.body import Body, PlacedBody
from meshsight.synthesis.disc import DiscSpec, describe_disc, draw_radius_m, point_before, point_on_disc
from meshsight.synthesis.draws import Draws
from meshsight.synthesis.placement import OptionalGap, Region
from meshsight.synthesis.standing import draw_stance, stand
from meshsight.synthesis.surface import SurfaceSpec, draw_ground
from meshsight.synthesis.view import View


class Spec(DiscSpec):
    """Objects that stand on the ground around the world's origin."""

    kind: Literal["ground"] = "ground"
    upright: float = Field(default=0.6, ge=0, le=1)
    """How often an object stands as it was modelled; else it lies on a stable side of its convex hull."""
    gap: OptionalGap = Field(default=0.02)
    surface: SurfaceSpec = SurfaceSpec()
    """What the ground is made of."""


def build(spec: Spec) -> "GroundPlacement":
    """Returns the placement."""
    return GroundPlacement(spec)


@dataclass(frozen=True, slots=True)
class GroundPlacement:
    """Stands bodies on the plane z = 0."""

    spec: Spec

    @property
    def gap(self) -> float | None:
        """Smallest distance between two bodies, as a multiple of the smaller one's diameter; None for any."""
        return self.spec.gap

    @property
    def origin(self) -> str:
        """Which randomiser and distributions make a pose."""
        disc, upright = describe_disc(self.spec), f"upright {self.spec.upright:g}"
        return f"placement.ground: uniform over a disc of {disc}, {upright}, yaw uniform(0, 360)"

    def extent_m(self, radii_m: Sequence[float], draws: Draws) -> float:
        """Draws the radius of the disc."""
        return draw_radius_m(self.spec, radii_m, draws)

    def region(self, view: View, extent_m: float) -> Region:
        """Returns the disc."""
        return Region(center=np.zeros(3), radius_m=extent_m)

    def propose(self, body: Body, view: View, extent_m: float, rng: np.random.Generator) -> Matrix4:
        """Draws a place on the disc and a stance."""
        return stand(body, point_on_disc(extent_m, rng), self._rotation(body, rng))

    def propose_before(self, body: Body, neighbour: PlacedBody, view: View, rng: np.random.Generator) -> Matrix4:
        """Draws a place next to the neighbour on the camera's side of it."""
        xy = point_before(neighbour.center, view.eye, body.radius + neighbour.radius, rng)
        return stand(body, xy, self._rotation(body, rng))

    def propose_among(
        self, body: Body, neighbour: PlacedBody, view: View, extent_m: float, rng: np.random.Generator
    ) -> Matrix4:
        """Draws a place on a disc somewhat larger than that of the objects."""
        return stand(body, point_on_disc(1.4 * extent_m, rng), self._rotation(body, rng))

    def ground(self, extent_m: float, draws: Draws) -> Ground:
        """Draws the ground's surface."""
        return draw_ground(self.spec.surface, extent_m, draws)

    def _rotation(self, body: Body, rng: np.random.Generator) -> Matrix3:
        return draw_stance(body, self.spec.upright, rotation_about_z(rng.uniform(0.0, 2.0 * np.pi)), rng)
