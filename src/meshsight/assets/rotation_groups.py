"""Finite groups of rotations, exact to rounding: from axes that were measured to all rotations that follow."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from meshsight.core.pose import Matrix3, Vector3, rotation_about

Rotations = Float[np.ndarray, "n 3 3"]

MAX_ROTATIONS = 120
_SAME = 1e-6
_PERPENDICULAR = np.pi / 2
# Angles between neighbouring axes of the highest order: tetrahedron, octahedron, icosahedron.
_POLYHEDRAL = {3: np.arccos(1 / 3), 4: _PERPENDICULAR, 5: np.arctan(2.0)}
_FIND_WITHIN = np.radians(6.0)


class Axis(NamedTuple):
    """An axis of rotational symmetry.

    Attributes:
        direction: unit vector.
        order: it turns by 1/order of a full turn.
    """

    direction: Vector3
    order: int


def angle_between(a: Vector3, b: Vector3) -> float:
    """Returns the angle between two lines in radians, 0 to pi / 2."""
    return float(np.arccos(min(1.0, abs(float(a @ b)))))


def perpendicular_to(direction: Vector3) -> Vector3:
    """Returns some unit vector at right angles to another."""
    other = np.eye(3)[int(np.argmin(np.abs(direction)))]
    across = other - (other @ direction) * direction
    return across / np.linalg.norm(across)


def groups_of(axes: Sequence[Axis]) -> list[Rotations]:
    """Returns the groups that the axes point to, the richest first, each without the identity.

    With two axes of order 3 or more: the rotations of a tetrahedron, octahedron or icosahedron. With axes of order 2 at
    right angles to the main one: dihedral. Always last: the main axis alone. The angles between the axes are made
    exact, so the groups are closed.
    """
    if not axes:
        return []
    main = max(axes, key=lambda axis: axis.order)
    found: list[list[Axis]] = []
    if main.order in _POLYHEDRAL:
        found += _with_second(main, axes, main.order, _POLYHEDRAL[main.order])
    found += _with_second(main, axes, 2, _PERPENDICULAR)
    return [_close(generators) for generators in [*found, [main]]]


def _with_second(main: Axis, axes: Sequence[Axis], order: int, angle_rad: float) -> list[list[Axis]]:
    """Returns the main axis with the one of a given order that is nearest to an angle from it, if any is near."""
    errors = [abs(angle_between(main.direction, axis.direction) - angle_rad) for axis in axes]
    fitting = [i for i, axis in enumerate(axes) if axis.order % order == 0 and errors[i] < _FIND_WITHIN]
    if not fitting:
        return []
    second = axes[min(fitting, key=lambda i: errors[i])].direction
    second = second if main.direction @ second >= 0 else -second
    across = second - (second @ main.direction) * main.direction
    across /= np.linalg.norm(across)
    exact = np.cos(angle_rad) * main.direction + np.sin(angle_rad) * across
    return [[main, Axis(exact, order)]]


def _close(generators: Sequence[Axis]) -> Rotations:
    """Multiplies the generators out; the result is sorted by angle, then axis."""
    steps = [rotation_about(axis.direction, 2 * np.pi / axis.order) for axis in generators]
    group = [np.eye(3)]
    fresh = group
    while fresh and len(group) <= MAX_ROTATIONS:
        products = [step @ old for old in fresh for step in steps]
        fresh = []
        for product in products:
            if all(np.abs(product - known).max() > _SAME for known in group):
                group.append(product)
                fresh.append(product)
    return np.array(sorted(group[1:], key=_sort_key)).reshape(-1, 3, 3)


def _sort_key(rotation: Matrix3) -> tuple[float, ...]:
    turn = Rotation.from_matrix(rotation).as_rotvec()
    return (round(float(np.linalg.norm(turn)), 6), *np.round(-turn, 6).tolist())
