"""Lets bodies fall onto the plane z = 0 and onto each other until all are at rest, with mujoco.

The world is scaled so that the median body has a diameter of 1, and time with it (Froude's law): coins and cupboards
then fall alike, and one time step and one stiffness serve both. One thread and a fixed step:
equal bodies end in equal poses on one kind of machine.

Shapes: b bodies (x y z and a quaternion wxyz each).
"""

# mujoco ships no type stubs.
# pyright: reportAttributeAccessIssue=false

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import mujoco
import numpy as np
from jaxtyping import Float

from meshsight.core.pose import Matrix4, make_pose, matrix_from_quaternion, quaternion_from_matrix

Points = Float[np.ndarray, "_ 3"]
Places = Float[np.ndarray, "b 7"]

RESTLESS = "bodies did not come to rest"
FLOWN = "a body flew off"
OVERLAPPING = "bodies rest in each other"

_GRAVITY = 9.81
_STEP = 0.004
_STEPS_PER_LOOK = 25
_LOOKS_AT_REST = 5
_STILL = 0.006
"""Diameters and radians that a body may move in those looks: contacts of curved hulls never stop trembling."""
_CONTACT_RATE = 125.0
"""Angular frequency of a contact's spring; a body at rest sinks in by about gravity / rate^2 of a diameter."""
_RESTITUTIONS = (0.1, 0.17, 0.24, 0.33, 0.43, 0.56, 0.74, 0.86, 0.94)
_DAMPING_RATIOS = (1.0, 0.7, 0.55, 0.4, 0.3, 0.2, 0.1, 0.05, 0.02)
"""Measured with balls and boxes at this step and rate; when in a step the impact falls moves a bounce by up to 0.1."""
_SPIN_FRICTION = 0.01
_ROLLING_FRICTION = 0.01
_SLAB = 5.0
_ROOM = 30.0
"""Diameters around the places where bodies start; who gets further has flown off."""
_ALLOWED_SINK_M = 1e-3
_ALLOWED_SINK = 5e-3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Faller:
    """A body about to fall.

    Attributes:
        parts: points of its convex parts, in metres in its own frame.
        diameter_m: of its bounding sphere.
        T_world_object: where it starts.
    """

    parts: tuple[Points, ...]
    diameter_m: float
    T_world_object: Matrix4


@dataclass(frozen=True, slots=True, kw_only=True)
class Fall:
    """How bodies fall.

    Attributes:
        friction: Coulomb's coefficient between any two surfaces.
        restitution: speed after a bounce over speed before it, to about 0.1.
        max_seconds: when to give up.
    """

    friction: float
    restitution: float
    max_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Landing:
    """Where bodies ended.

    Attributes:
        T_world_object: their poses, in the order of the bodies.
        trouble: why this is not a rest, or None when it is one.
        seconds: simulated time.
        depth_m: how far the two most overlapping shapes, or a shape and the ground, are in each other.
        speed_m_s: of the fastest body.
    """

    T_world_object: tuple[Matrix4, ...]
    trouble: str | None
    seconds: float
    depth_m: float
    speed_m_s: float


def let_fall(fallers: Sequence[Faller], fall: Fall) -> Landing:
    """Simulates until every body is at rest, one flies off, or the time is over."""
    unit_m = float(np.median([faller.diameter_m for faller in fallers]))
    room = _ROOM + max(float(np.abs(faller.T_world_object[:3, 3]).max()) for faller in fallers) / unit_m
    model = _world_of(fallers, fall, unit_m, room)
    data = mujoco.MjData(model)
    seen: deque[Places] = deque(maxlen=_LOOKS_AT_REST + 1)
    trouble: str | None = RESTLESS
    for _ in range(math.ceil(fall.max_seconds / math.sqrt(unit_m) / (_STEP * _STEPS_PER_LOOK))):
        mujoco.mj_step(model, data, nstep=_STEPS_PER_LOOK)
        seen.append(data.qpos.reshape(-1, 7).copy())
        if not np.abs(seen[-1]).max() < room:  # also when it is not a number
            return _landing(data, fallers, FLOWN, unit_m)
        if len(seen) > _LOOKS_AT_REST and all(_are_close(seen[-1], places) for places in seen):
            trouble = None
            break
    return _landing(data, fallers, trouble or _overlap(data, fallers, unit_m), unit_m)


def _are_close(now: Places, before: Places) -> bool:
    """Tells whether no body moved or turned noticeably."""
    moved = np.abs(now[:, :3] - before[:, :3]).max()
    turned = 2.0 * np.sqrt(np.maximum(0.0, 1.0 - np.einsum("ij,ij->i", now[:, 3:], before[:, 3:]) ** 2)).max()
    return bool(moved < _STILL and turned < _STILL)


def _landing(data: mujoco.MjData, fallers: Sequence[Faller], trouble: str | None, unit_m: float) -> Landing:
    places = np.nan_to_num(data.qpos.reshape(-1, 7))
    return Landing(
        T_world_object=tuple(
            make_pose(matrix_from_quaternion(np.roll(place[3:], -1)), place[:3] * unit_m) for place in places
        ),
        trouble=trouble,
        seconds=data.time * math.sqrt(unit_m),
        depth_m=max(0.0, -float(np.min(data.contact.dist, initial=0.0))) * unit_m,
        speed_m_s=float(np.linalg.norm(data.qvel.reshape(-1, 6)[:, :3], axis=1).max()) * math.sqrt(unit_m),
    )


def _overlap(data: mujoco.MjData, fallers: Sequence[Faller], unit_m: float) -> str | None:
    """Says whether a contact is deeper than what the eye and a label forgive, by the smaller of its two bodies."""
    diameters = np.array([np.inf, *(faller.diameter_m for faller in fallers)])
    bodies = data.model.geom_bodyid[data.contact.geom]
    allowed = _ALLOWED_SINK_M + _ALLOWED_SINK * diameters[bodies].min(axis=1, initial=np.inf)
    return OVERLAPPING if np.any(-data.contact.dist * unit_m > allowed) else None


def _world_of(fallers: Sequence[Faller], fall: Fall, unit_m: float, room: float) -> mujoco.MjModel:
    spec = mujoco.MjSpec()
    spec.compiler.balanceinertia = True
    spec.compiler.usethread = False
    option = spec.option
    option.gravity = [0.0, 0.0, -_GRAVITY]
    option.timestep = _STEP
    option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    option.impratio = 10.0  # else heaps creep on and on
    # A slab, not a plane: on a plane mujoco gives a mesh contacts around its lowest corner only, so that it rocks.
    slab = spec.worldbody.add_geom(
        type=mujoco.mjtGeom.mjGEOM_BOX, size=[2.0 * room, 2.0 * room, _SLAB], pos=[0.0, 0.0, -_SLAB]
    )
    give_surface(slab, fall)
    for index, faller in enumerate(fallers):
        add_body(spec, index, faller, fall, unit_m)
    return spec.compile()


def add_body(spec: mujoco.MjSpec, index: int, faller: Faller, fall: Fall, unit_m: float) -> None:
    pose = faller.T_world_object
    x, y, z, w = quaternion_from_matrix(pose[:3, :3])
    body = spec.worldbody.add_body(pos=pose[:3, 3] / unit_m, quat=[w, x, y, z])
    body.add_freejoint()
    for number, points in enumerate(faller.parts):
        name = f"{index}.{number}"
        mesh = spec.add_mesh(name=name, uservert=(points / unit_m).reshape(-1))
        mesh.inertia = mujoco.mjtMeshInertia.mjMESH_INERTIA_CONVEX
        give_surface(body.add_geom(type=mujoco.mjtGeom.mjGEOM_MESH, meshname=name), fall)


def give_surface(geom: mujoco.MjsGeom, fall: Fall) -> None:
    """Gives a shape friction, and a contact spring damped so that a bounce leaves the wanted share of its speed."""
    damping = float(np.interp(fall.restitution, _RESTITUTIONS, _DAMPING_RATIOS))
    geom.condim = 6
    geom.friction = [fall.friction, _SPIN_FRICTION, _ROLLING_FRICTION]
    geom.solref = [1.0 / (_CONTACT_RATE * damping), damping]
    geom.solimp = [0.95, 0.99, 0.001, 0.5, 2.0]
