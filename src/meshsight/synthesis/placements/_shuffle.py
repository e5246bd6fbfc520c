"""Builds the placement that shuffles objects, with mujoco."""

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from meshsight.core.pose import Matrix4
from meshsight.records.scene import Ground
from meshsight.synthesis.body import Body, PlacedBody
from meshsight.synthesis.draws import Draws
from meshsight.synthesis.physics._drifting import Drift, DriftingWorld
from meshsight.synthesis.physics._falling import Faller
from meshsight.synthesis.physics.convex_parts import PartsCache
from meshsight.synthesis.placement import Region
from meshsight.synthesis.placements.shuffle import Spec
from meshsight.synthesis.sampling import describe, sample
from meshsight.synthesis.turning import describe_rotation, draw_rotation
from meshsight.synthesis.view import View

_WORLDS_KEPT = 2
_LATER = 7
"""Every further attempt at a frame looks at its world after this part of the time between two frames."""


def build(spec: Spec) -> "ShufflePlacement":
    """Returns the placement."""
    return ShufflePlacement(spec)


@dataclass(frozen=True, slots=True)
class ShufflePlacement:
    """Lets bodies drift in a box.

    Attributes:
        spec: how.
        shapes: the convex parts of the meshes met so far.
        worlds: the latest worlds, so that their frames are simulated once.
    """

    spec: Spec
    shapes: PartsCache = field(default_factory=PartsCache)
    worlds: OrderedDict[str, DriftingWorld] = field(default_factory=OrderedDict)

    @property
    def gap(self) -> float:
        """Smallest distance between two bodies where they start, as a multiple of the smaller one's diameter."""
        return self.spec.gap

    @property
    def origin(self) -> str:
        """Which randomiser and distributions make a pose."""
        spec = self.spec
        box = " x ".join(f"{low:g}..{high:g}" for low, high in (spec.x_m, spec.y_m, spec.z_m))
        drift = f"speed_m_s {describe(spec.speed_m_s)}, pushes_per_s {describe(spec.pushes_per_s)}"
        leaning = f" that widens by {spec.widens:g}" if spec.widens else ""
        return f"placement.shuffle: from anywhere in {box} m{leaning}, {describe_rotation(spec.rotation)}, then {drift}"

    def extent_m(self, radii_m: Sequence[float], draws: Draws) -> float:
        """Returns the radius around the world's origin that holds the box."""
        return float(np.linalg.norm(np.abs(self._box).max(axis=1)))

    def region(self, view: View, extent_m: float) -> Region:
        """Returns the ball around the box."""
        return Region(center=self._box.mean(axis=1), radius_m=0.5 * float(np.linalg.norm(np.ptp(self._box, axis=1))))

    def propose(self, body: Body, view: View, extent_m: float, rng: np.random.Generator) -> Matrix4:
        """Draws a start in the box; a body that is larger than the box starts in its middle."""
        shares = rng.random(3)
        x_m = _between(self.spec.x_m, body.radius, shares[0])
        # The distance to a wall that leans is shorter than the way to it along y or z.
        lean, inset = self.spec.widens, body.radius * float(np.hypot(1.0, self.spec.widens))
        sides = [(low - lean * x_m, high + lean * x_m) for low, high in (self.spec.y_m, self.spec.z_m)]
        places = [_between(side, inset, share) for side, share in zip(sides, shares[1:], strict=True)]
        return body.pose_at(np.array([x_m, *places]), draw_rotation(self.spec.rotation, rng))

    def propose_before(self, body: Body, neighbour: PlacedBody, view: View, rng: np.random.Generator) -> Matrix4:
        """Draws a start in the box: where bodies drift, none stays before another."""
        return self.propose(body, view, 0.0, rng)

    def propose_among(
        self, body: Body, neighbour: PlacedBody, view: View, extent_m: float, rng: np.random.Generator
    ) -> Matrix4:
        """Draws a start in the box."""
        return self.propose(body, view, extent_m, rng)

    def ground(self, extent_m: float, draws: Draws) -> Ground | None:
        """Returns none: objects drift."""
        return None

    def settle(self, bodies: Sequence[PlacedBody], draws: Draws) -> list[PlacedBody]:
        """Returns the bodies at the frame's moment of their world."""
        world = self._world(bodies, draws)
        part_s = self.spec.seconds / _LATER
        poses = world.moment((draws.moment + 1) * _LATER - 1 + draws.attempt, part_s)
        return [PlacedBody(body=placed.body, T_world_object=pose) for placed, pose in zip(bodies, poses, strict=True)]

    def _world(self, bodies: Sequence[PlacedBody], draws: Draws) -> DriftingWorld:
        """Returns the world of these starts, simulated so far as it was needed before."""
        rng = draws.stream("placement.physics")
        drift = Drift(
            low_m=np.array([low for low, _ in self._at_zero]),
            high_m=np.array([high for _, high in self._at_zero]),
            widens=self.spec.widens,
            speeds_m_s=np.array([sample(self.spec.speed_m_s, rng) for _ in bodies]),
            pushes_per_s=sample(self.spec.pushes_per_s, rng),
        )
        key = _key(bodies, drift)
        if key not in self.worlds:
            self.worlds[key] = DriftingWorld([self._faller(placed) for placed in bodies], drift, rng)
        while len(self.worlds) > _WORLDS_KEPT:
            self.worlds.popitem(last=False)
        return self.worlds[key]

    def _faller(self, placed: PlacedBody) -> Faller:
        body = placed.body
        parts = self.shapes.get(body.geometry, self.spec.parts)
        return Faller(
            parts=tuple(points * body.scale for points in parts),
            diameter_m=2.0 * body.radius,
            T_world_object=placed.T_world_object,
        )

    @property
    def _at_zero(self) -> tuple[tuple[float, float], ...]:
        return self.spec.x_m, self.spec.y_m, self.spec.z_m

    @property
    def _box(self) -> Float[np.ndarray, "3 2"]:
        """The upright box around the box, whose walls may lean."""
        box = np.array(self._at_zero, dtype=np.float64)
        box[1:] += self.spec.widens * self.spec.x_m[1] * np.array([-1.0, 1.0])
        return box


def _between(ends: tuple[float, float], inset: float, share: float) -> float:
    """Returns the place at a share of the way between two ends that are moved in, at most to their middle."""
    low, high = ends
    inset = min(inset, 0.5 * (high - low))
    return low + inset + share * (high - low - 2.0 * inset)


def _key(bodies: Sequence[PlacedBody], drift: Drift) -> str:
    """Names a world by everything that it follows from."""
    digest = hashlib.blake2b(drift.speeds_m_s.tobytes() + repr(drift.pushes_per_s).encode(), digest_size=16)
    for placed in bodies:
        digest.update(placed.body.geometry.mesh.fingerprint.encode())
        digest.update(placed.T_world_object.tobytes() + repr(placed.body.scale).encode())
    return digest.hexdigest()
