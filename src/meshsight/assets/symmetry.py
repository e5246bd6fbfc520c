"""Rotational symmetries of a mesh, in the meaning of BOP's `models_info.json`.

A rotation is a symmetry when it brings every point of the surface onto the surface, and onto the same colour. Every
symmetry keeps the surface's centroid, so only the axes through it are unknown. They are looked for among the coordinate
axes, the principal axes of inertia and, where inertia cannot tell axes apart (cube, ball, prism), the directions in
which a smooth function of the shape stands still.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from meshsight.assets.rotation_groups import Axis, angle_between, groups_of, perpendicular_to
from meshsight.assets.surface_samples import has_area
from meshsight.assets.turning_body import ANY_ORDER, SAME_AXIS, TurningBody
from meshsight.core.pose import Matrix3, Matrix4, Vector3, rotation_about
from meshsight.records.mesh import Mesh

TOLERANCE = 0.015
"""The largest distance from the surface, as a share of the diameter, at which a turned point still lies on it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ContinuousSymmetry:
    """Any turn about an axis.

    Attributes:
        axis: unit direction.
        offset: a point on the axis, in metres.
    """

    axis: Vector3
    offset: Vector3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Symmetries:
    """All rotations that leave a mesh as it looks.

    Attributes:
        discrete: poses `T_mesh_mesh` in metres, without the identity; with it they form a group. Beside a continuous
            symmetry they are what it does not give by itself (the flip of a cylinder).
        continuous: none, one axis, or three for a ball.
    """

    discrete: tuple[Matrix4, ...] = ()
    continuous: tuple[ContinuousSymmetry, ...] = ()


def find_symmetries(mesh: Mesh, *, tolerance: float = TOLERANCE, with_colors: bool = True) -> Symmetries:
    """Finds the rotational symmetries of a mesh, about axes of order up to 12 or of any angle.

    Args:
        mesh: any mesh, open or closed.
        tolerance: largest deviation as a share of the diameter.
        with_colors: textures, vertex colours and materials must come onto themselves too; without, the shape alone.

    Returns:
        Nothing for a mesh without area.
    """
    if not has_area(mesh):
        return Symmetries()
    body = TurningBody(mesh, tolerance, with_colors)
    axes: list[Axis] = []
    for direction in body.candidates():
        if all(angle_between(direction, known.direction) > SAME_AXIS for known in axes):
            axis = body.measure(direction)
            if axis is not None and axis.order == ANY_ORDER:
                return _continuous(body, axis.direction)
            axes += [] if axis is None else [axis]
    main = max(axes, key=lambda axis: axis.order, default=None)
    if main is not None and len(axes) == 1:
        axes += body.flips(main)
    for group in groups_of(axes):
        if all(body.fits(rotation, slack=2.0) for rotation in group if _is_forward(rotation)):
            return Symmetries(discrete=tuple(body.about_centre(rotation) for rotation in group))
    return Symmetries()


def _continuous(body: TurningBody, axis: Vector3) -> Symmetries:
    """Returns the symmetries of a body that is one of revolution about an axis."""
    across = perpendicular_to(axis)
    if body.is_round(across):
        return Symmetries(continuous=tuple(ContinuousSymmetry(axis=a, offset=body.centre) for a in np.eye(3)))
    flip = rotation_about(across, np.pi)
    return Symmetries(
        discrete=(body.about_centre(flip),) if body.fits(flip) else (),
        continuous=(ContinuousSymmetry(axis=axis, offset=body.centre),),
    )


def _is_forward(rotation: Matrix3) -> bool:
    """Tells which one of a rotation and its inverse to test: they fit alike."""
    turn = Rotation.from_matrix(rotation).as_rotvec()
    first = float(turn[np.flatnonzero(np.abs(turn) > 1e-6)[0]])
    return first > 0 or float(np.linalg.norm(turn)) > np.pi - 1e-6
