"""Lets bodies drift and bump into each other in a closed box without gravity, with mujoco.

Lengths count in median diameters, and time so that the fastest body starts with two of them in a second: one time step
and one stiffness then serve all sizes and speeds. Pushes come at random times and give a body a new velocity. One
thread and a fixed step: equal bodies and equal keys give equal moments on one kind of machine.
"""

# mujoco ships no type stubs.
# pyright: reportAttributeAccessIssue=false

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import mujoco
import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from meshsight.core.pose import Matrix4, Vector3, make_pose, matrix_from_quaternion, quaternion_from_matrix
from meshsight.synthesis.physics._falling import Fall, Faller, add_body, give_surface

_STEP = 0.004
_PACE = 2.0
"""Diameters a second of the fastest body, in scaled time."""
_WALL = 5.0
_BOUNCE = Fall(friction=0.2, restitution=0.9, max_seconds=0.0)
_ALLOWED_DEPTH = 0.004
_HINGES = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
_MOST_EXTRA_STEPS = 400


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drift:
    """How bodies drift.

    Attributes:
        low_m, high_m: corners of the box; of y and z, at x = 0.
        widens: how far each wall at an end of y or z leans out, in metres for a metre of x.
        speeds_m_s: of the bodies when they start.
        pushes_per_s: how often each body gets a new velocity.
    """

    low_m: Float[np.ndarray, "3"]
    high_m: Float[np.ndarray, "3"]
    speeds_m_s: Float[np.ndarray, " b"]
    pushes_per_s: float
    widens: float = 0.0


class DriftingWorld:
    """One world of bodies, whose moments are simulated one after another and kept."""

    def __init__(self, fallers: Sequence[Faller], drift: Drift, rng: np.random.Generator) -> None:
        self._unit_m = float(np.median([faller.diameter_m for faller in fallers]))
        fastest = max(float(drift.speeds_m_s.max()) / self._unit_m, 1e-9)
        self._scaled_s = fastest / _PACE
        self._drift, self._rng = drift, rng
        self._model = _box_of(fallers, drift, self._unit_m)
        self._data = mujoco.MjData(self._model)
        self._speeds = drift.speeds_m_s / (self._unit_m * self._scaled_s)
        self._velocities = self._data.qvel.reshape(-1, 6)
        for index in range(len(fallers)):
            self._push(index)
        self._moments: list[tuple[Matrix4, ...]] = []

    def moment(self, index: int, seconds: float) -> tuple[Matrix4, ...]:
        """Returns the poses `T_world_object` at a moment, counted from 0; moments are `seconds` apart."""
        while len(self._moments) <= index:
            self._advance(seconds)
            self._moments.append(self._poses())
        return self._moments[index]

    def _advance(self, seconds: float) -> None:
        """Steps on to the next moment, and a little further where bodies are just bumping into each other."""
        chance = self._drift.pushes_per_s * _STEP / self._scaled_s
        steps = max(1, round(seconds * self._scaled_s / _STEP))
        for step in range(steps + _MOST_EXTRA_STEPS):
            if step >= steps and float(np.min(self._data.contact.dist, initial=0.0)) > -_ALLOWED_DEPTH:
                return
            for index in np.flatnonzero(self._rng.random(len(self._speeds)) < chance):
                self._push(int(index))
            mujoco.mj_step(self._model, self._data)

    def _push(self, index: int) -> None:
        """Gives a body its speed in a new direction, and a spin of a turn for a few diameters of way."""
        heading, axis = self._rng.standard_normal((2, 3))
        self._velocities[index, :3] = self._speeds[index] * heading / np.linalg.norm(heading)
        self._velocities[index, 3:] = self._speeds[index] * axis / np.linalg.norm(axis)

    def _poses(self) -> tuple[Matrix4, ...]:
        places = self._data.qpos.reshape(-1, 7)
        return tuple(
            make_pose(matrix_from_quaternion(np.roll(place[3:], -1)), place[:3] * self._unit_m) for place in places
        )


def _box_of(fallers: Sequence[Faller], drift: Drift, unit_m: float) -> mujoco.MjModel:
    spec = mujoco.MjSpec()
    spec.compiler.balanceinertia = True
    spec.compiler.usethread = False
    option = spec.option
    option.gravity = [0.0, 0.0, 0.0]
    option.timestep = _STEP
    option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    for size, pose in _walls(drift.low_m / unit_m, drift.high_m / unit_m, drift.widens):
        quaternion = np.roll(quaternion_from_matrix(pose[:3, :3]), 1)
        wall = spec.worldbody.add_geom(type=mujoco.mjtGeom.mjGEOM_BOX, size=size, pos=pose[:3, 3], quat=quaternion)
        give_surface(wall, _BOUNCE)
    for index, faller in enumerate(fallers):
        add_body(spec, index, faller, _BOUNCE, unit_m)
    return spec.compile()


def _walls(low: Vector3, high: Vector3, widens: float) -> Iterator[tuple[Vector3, Matrix4]]:
    """Yields half sizes and pose of the six slabs around the box; those at the ends of y and z lean along x."""
    lean = widens * high[0] * np.array([0.0, 1.0, 1.0])
    half = 0.5 * (high - low) + lean + _WALL
    tilt = np.arctan(widens)
    for axis in range(3):
        for sign in (-1.0, 1.0):
            size = half.copy()
            size[axis] = _WALL
            # Turned so that it leans out; about z at the ends of y, about -y at those of z.
            turn = Rotation.from_rotvec(sign * tilt * _HINGES[axis]).as_matrix()
            face = 0.5 * (low + high)
            face[axis] = (high if sign > 0 else low)[axis] + (sign * widens * face[0] if axis > 0 else 0.0)
            yield size, make_pose(turn, face + sign * _WALL * turn[:, axis])
