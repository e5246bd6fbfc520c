"""In a box of the world, turned as asked; objects may be allowed to stand in each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float
from pydantic import Field

from meshsight.core.pose import Matrix3, Matrix4, Vector3, make_pose
from meshsight.records.scene import Ground
from meshsight.specs.base import VariantSpec
from meshsight.specs.distributions import AnyDistribution, Distribution, Uniform, support
from meshsight.specs.rotations import AnyRotation, RotationSpec
from meshsight.synthesis.body import Body, PlacedBody
from meshsight.synthesis.draws import Draws
from meshsight.synthesis.placement import OptionalGap, Region
from meshsight.synthesis.sampling import describe, sample
from meshsight.synthesis.standing import hold
from meshsight.synthesis.surface import SurfaceSpec, draw_ground
from meshsight.synthesis.turning import describe_rotation, draw_rotation
from meshsight.synthesis.view import View

_BEFORE = (1.1, 2.5)
_OPEN = 3.0
"""Standard deviations of an open normal distribution that count as its range."""


class Spec(VariantSpec):
    """Objects in a box of the world."""

    kind: Literal["box"] = "box"
    x_m: Distribution = Uniform(low=-0.2, high=0.2)
    """Position along the world's x."""
    y_m: Distribution = Uniform(low=-0.2, high=0.2)
    """Position along the world's y."""
    z_m: Distribution = Uniform(low=-0.2, high=0.2)
    """Height."""
    anchor: Literal["center", "base", "origin"] = "center"
    """What of an object is put there: the middle of its bounding sphere, the middle of its lowest side (so z is how
    high it stands), or the origin of its file."""
    rotation: RotationSpec = AnyRotation()
    """How objects are turned: any, yaw, tilt or euler."""
    gap: OptionalGap = Field(default=0.02)
    surface: SurfaceSpec | None = None
    """What the ground at height 0 is made of; null for none."""


def build(spec: Spec) -> "BoxPlacement":
    """Returns the placement."""
    return BoxPlacement(spec)


@dataclass(frozen=True, slots=True)
class BoxPlacement:
    """Puts bodies into a box."""

    spec: Spec

    @property
    def gap(self) -> float | None:
        """Smallest distance between two bodies, as a multiple of the smaller one's diameter; None for any."""
        return self.spec.gap

    @property
    def origin(self) -> str:
        """Which randomiser and distributions make a pose."""
        spec = self.spec
        place = f"x_m {describe(spec.x_m)}, y_m {describe(spec.y_m)}, z_m {describe(spec.z_m)}"
        return f"placement.box: {place} of the {spec.anchor}, {describe_rotation(spec.rotation)}"

    def extent_m(self, radii_m: Sequence[float], draws: Draws) -> float:
        """Returns the radius around the world's origin of the objects' places, and of the largest object."""
        corner = np.abs([_range(drawn) for drawn in (self.spec.x_m, self.spec.y_m, self.spec.z_m)]).max(axis=1)
        return float(np.linalg.norm(corner)) + max(radii_m)

    def region(self, view: View, extent_m: float) -> Region:
        """Returns the ball around the box."""
        ranges = np.array([_range(drawn) for drawn in (self.spec.x_m, self.spec.y_m, self.spec.z_m)])
        half = float(np.linalg.norm(0.5 * (ranges[:, 1] - ranges[:, 0])))
        center = ranges.mean(axis=1)
        return Region(center=center, radius_m=max(half, extent_m - float(np.linalg.norm(np.abs(ranges).max(axis=1)))))

    def propose(self, body: Body, view: View, extent_m: float, rng: np.random.Generator) -> Matrix4:
        """Draws a place and a rotation."""
        place = np.array([sample(drawn, rng) for drawn in (self.spec.x_m, self.spec.y_m, self.spec.z_m)])
        return self._put(body, place, draw_rotation(self.spec.rotation, rng))

    def propose_before(self, body: Body, neighbour: PlacedBody, view: View, rng: np.random.Generator) -> Matrix4:
        """Draws a place on the line of sight to the neighbour, next to it."""
        towards = view.eye - neighbour.center
        distance = float(np.linalg.norm(towards))
        step = min((body.radius + neighbour.radius) * rng.uniform(*_BEFORE), 0.8 * distance)
        place = neighbour.center + towards / distance * step + rng.uniform(-0.8, 0.8, 3) * neighbour.radius
        rotation = draw_rotation(self.spec.rotation, rng)
        if self.spec.anchor == "base":
            return self._put(body, np.array([*place[:2], sample(self.spec.z_m, rng)]), rotation)
        return body.pose_at(place, rotation)

    def propose_among(
        self, body: Body, neighbour: PlacedBody, view: View, extent_m: float, rng: np.random.Generator
    ) -> Matrix4:
        """Draws a place and a rotation as for an object."""
        return self.propose(body, view, extent_m, rng)

    def ground(self, extent_m: float, draws: Draws) -> Ground | None:
        """Draws the ground's surface, if there is one."""
        return None if self.spec.surface is None else draw_ground(self.spec.surface, extent_m, draws)

    def _put(self, body: Body, place: Vector3, rotation: Matrix3) -> Matrix4:
        """Returns the pose that brings the anchor to a place."""
        match self.spec.anchor:
            case "origin":
                return make_pose(rotation, place)
            case "center":
                return body.pose_at(place, rotation)
            case "base":
                return hold(body, place[:2], float(place[2]), rotation)


def _range(drawn: AnyDistribution) -> Float[np.ndarray, "2"]:
    """Returns the lowest and highest value; of an open normal distribution what nearly all lie in."""
    low, high = support(drawn)
    if np.isinf([low, high]).any():
        assert drawn.kind == "normal"
        low = max(low, drawn.mean - _OPEN * drawn.std)
        high = min(high, drawn.mean + _OPEN * drawn.std)
    return np.array([low, high])
