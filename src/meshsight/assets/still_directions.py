"""Directions in which a shape may have an axis of symmetry, found without knowing which.

Take a smooth function of the direction that turns with the shape. About an axis of symmetry every turn maps its slope
there onto itself, so the slope is nothing: the axes are among the places where the function stands still, which are few
unless the shape is round. Shapes: n points, s directions.
"""

import numpy as np
from jaxtyping import Float

from meshsight.core.pose import Points3, Vector3

GOLDEN_RAD = np.pi * (3.0 - 5.0**0.5)
"""The golden angle: its multiples never repeat."""


def still_directions(points: Points3, starts: int = 120, steps: int = 8) -> list[Vector3]:
    """Returns directions d at which the sum of (p d)^4 + (p d)^6 + (p d)^8 over the points stands still.

    Newton's method on the sphere from evenly spread starts; it finds tops, pits and saddles alike.
    """
    directions = _hemisphere(starts)
    scaled = points / np.linalg.norm(points, axis=1).max()
    squares = (scaled[:, :, None] * scaled[:, None, :]).reshape(len(points), 9)
    for _ in range(steps):
        slope, bend = _slope_and_bend(directions, scaled, squares)
        directions = _newton_step(directions, slope, bend)
    slope, bend = _slope_and_bend(directions, scaled, squares)
    along = np.einsum("sd,sd->s", slope, directions)
    across = np.linalg.norm(slope - along[:, None] * directions, axis=1)
    return list(directions[across < 1e-3 * np.abs(along)])


def _slope_and_bend(
    directions: Float[np.ndarray, "s 3"], points: Points3, squares: Float[np.ndarray, "n 9"]
) -> tuple[Float[np.ndarray, "s 3"], Float[np.ndarray, "s 3 3"]]:
    t = directions @ points.T
    t2 = t * t
    first = t * t2 * (4.0 + t2 * (6.0 + 8.0 * t2))
    second = t2 * (12.0 + t2 * (30.0 + 56.0 * t2))
    return first @ points, (second @ squares).reshape(-1, 3, 3)


def _newton_step(
    directions: Float[np.ndarray, "s 3"], slope: Float[np.ndarray, "s 3"], bend: Float[np.ndarray, "s 3 3"]
) -> Float[np.ndarray, "s 3"]:
    plane = np.eye(3) - directions[:, :, None] * directions[:, None, :]
    along = np.einsum("sd,sd->s", slope, directions)
    hessian = plane @ bend @ plane - along[:, None, None] * plane
    step = -np.einsum("sij,sjk,sk->si", np.linalg.pinv(hessian, rcond=1e-3, hermitian=True), plane, slope)
    length = np.linalg.norm(step, axis=1, keepdims=True)
    moved = directions + step * np.minimum(1.0, 0.3 / np.maximum(length, 1e-12))
    return moved / np.linalg.norm(moved, axis=1, keepdims=True)


def _hemisphere(count: int) -> Float[np.ndarray, "s 3"]:
    """Returns directions spread evenly over a half of the sphere (a Fibonacci spiral)."""
    index = np.arange(count)
    z = 1.0 - (index + 0.5) / count
    radius = np.sqrt(1.0 - z * z)
    return np.column_stack([radius * np.cos(index * GOLDEN_RAD), radius * np.sin(index * GOLDEN_RAD), z])
