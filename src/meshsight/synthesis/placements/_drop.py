"""Builds the placement that drops objects, with mujoco."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from meshsight.core.pose import Matrix4, sample_rotation
from meshsight.records.scene import Ground
from meshsight.synthesis.body import Body, PlacedBody
from meshsight.synthesis.disc import describe_disc, draw_radius_m, point_before, point_on_disc
from meshsight.synthesis.draws import Draws
from meshsight.synthesis.physics._falling import Fall, Faller, let_fall
from meshsight.synthesis.physics.convex_parts import PartsCache
from meshsight.synthesis.placement import Region
from meshsight.synthesis.placements.drop import Spec
from meshsight.synthesis.rejection import UNSETTLED, RejectedScene
from meshsight.synthesis.sampling import describe, sample
from meshsight.synthesis.standing import hold
from meshsight.synthesis.surface import draw_ground
from meshsight.synthesis.view import View


def build(spec: Spec) -> "DropPlacement":
    """Returns the placement."""
    return DropPlacement(spec)


@dataclass(frozen=True, slots=True)
class DropPlacement:
    """Holds bodies above the plane z = 0 and lets them fall.

    Attributes:
        spec: how.
        shapes: the convex parts of the meshes met so far.
    """

    spec: Spec
    shapes: PartsCache = field(default_factory=PartsCache)

    @property
    def gap(self) -> float:
        """Smallest distance between two bodies where they start, as a multiple of the smaller one's diameter."""
        return self.spec.gap

    @property
    def origin(self) -> str:
        """Which randomiser and distributions make a pose."""
        spec = self.spec
        physics = f"friction {describe(spec.friction)}, restitution {describe(spec.restitution)}"
        start = f"height {describe(spec.height)}, spread {spec.spread:g}"
        return f"placement.drop: over a disc of {describe_disc(spec)}, {start}, rotation uniform over SO(3), {physics}"

    def extent_m(self, radii_m: Sequence[float], draws: Draws) -> float:
        """Draws the radius of the disc."""
        return draw_radius_m(self.spec, radii_m, draws)

    def region(self, view: View, extent_m: float) -> Region:
        """Returns the disc."""
        return Region(center=np.zeros(3), radius_m=extent_m)

    def propose(self, body: Body, view: View, extent_m: float, rng: np.random.Generator) -> Matrix4:
        """Draws a start over the middle of the disc."""
        xy = point_on_disc(self.spec.spread * extent_m, rng)
        return hold(body, xy, sample(self.spec.height, rng) * extent_m, sample_rotation(rng))

    def propose_before(self, body: Body, neighbour: PlacedBody, view: View, rng: np.random.Generator) -> Matrix4:
        """Draws a start next to the neighbour's on the camera's side of it, as high."""
        xy = point_before(neighbour.center, view.eye, body.radius + neighbour.radius, rng)
        height_m = max(0.0, float(neighbour.center[2]) - neighbour.radius)
        return hold(body, xy, height_m, sample_rotation(rng))

    def propose_among(
        self, body: Body, neighbour: PlacedBody, view: View, extent_m: float, rng: np.random.Generator
    ) -> Matrix4:
        """Draws a start over a disc somewhat larger than that of the objects."""
        return hold(
            body, point_on_disc(1.4 * extent_m, rng), sample(self.spec.height, rng) * extent_m, sample_rotation(rng)
        )

    def ground(self, extent_m: float, draws: Draws) -> Ground:
        """Draws the ground's surface."""
        return draw_ground(self.spec.surface, extent_m, draws)

    def settle(self, bodies: Sequence[PlacedBody], draws: Draws) -> list[PlacedBody]:
        """Lets the bodies fall until they rest.

        Raises:
            RejectedScene: they do not, fly off, or end in each other.
        """
        rng = draws.stream("placement.physics")
        fall = Fall(
            friction=sample(self.spec.friction, rng),
            restitution=sample(self.spec.restitution, rng),
            max_seconds=self.spec.max_seconds,
        )
        landing = let_fall([self._faller(placed) for placed in bodies], fall)
        if landing.trouble is not None:
            raise RejectedScene(f"after {landing.seconds:.1f} s {landing.trouble}", Counter([UNSETTLED]))
        return [
            PlacedBody(body=placed.body, T_world_object=pose)
            for placed, pose in zip(bodies, landing.T_world_object, strict=True)
        ]

    def _faller(self, placed: PlacedBody) -> Faller:
        body = placed.body
        parts = self.shapes.get(body.geometry, self.spec.parts)
        return Faller(
            parts=tuple(points * body.scale for points in parts),
            diameter_m=2.0 * body.radius,
            T_world_object=placed.T_world_object,
        )
