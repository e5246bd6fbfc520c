"""In which order a DOPE file lists a box's corners, found by projecting the box again.

DOPE names its corners front or rear, top or bottom, right or left. Which of the object's axes these are differs
between the programs that write such files and their versions; a training on a mixture learns nothing. Given an object's
pose and the camera, the right assignment is the one of 24 under which some box, of whatever size, projects onto the
points.

Shapes: n objects; 9 points are the 8 corners and the centre; r the rays, image points with the camera's matrix undone.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import permutations, product

import numpy as np
from jaxtyping import Float

Points9 = Float[np.ndarray, "n 9 2"]
Rotations = Float[np.ndarray, "n 3 3"]
Vectors = Float[np.ndarray, "n 3"]

LABEL_SIGNS = np.array(
    [
        [+1, -1, +1],  # front top right
        [-1, -1, +1],  # front top left
        [-1, +1, +1],  # front bottom left
        [+1, +1, +1],  # front bottom right
        [+1, -1, -1],  # the same at the rear
        [-1, -1, -1],
        [-1, +1, -1],
        [+1, +1, -1],
        [0, 0, 0],  # centre
    ],
    dtype=np.float64,
)
"""Which way each of DOPE's points lies to the right, down and to the front of the box's centre."""


@dataclass(frozen=True)
class CornerOrder:
    """What a file means by right, down and front.

    Attributes:
        axes: the object's axes (0 x, 1 y, 2 z) that right, down and front lie along.
        signs: 1 where they point the axis's way, -1 where against it.
    """

    axes: tuple[int, ...]
    signs: tuple[int, ...]

    @cached_property
    def positions(self) -> tuple[int, ...]:
        """Where the file lists each of our nine keypoints (8 corners in binary order, centre)."""
        ours = np.zeros((8, 3))
        ours[:, list(self.axes)] = LABEL_SIGNS[:8] * self.signs
        numbers = (ours > 0) @ [1, 2, 4]
        return *np.argsort(numbers).tolist(), 8

    @property
    def name(self) -> str:
        """What messages call it."""
        known = {DOPE: "DOPE's order", ISAAC: "Isaac's order"}
        words = zip(("right", "down", "front"), self.signs, self.axes, strict=True)
        return known.get(self) or ", ".join(f"{word} {'-+'[sign > 0]}{'xyz'[axis]}" for word, sign, axis in words)


DOPE = CornerOrder((0, 1, 2), (1, 1, 1))
ISAAC = CornerOrder((0, 1, 2), (-1, -1, 1))


def _is_rotation(axes: tuple[int, ...], signs: tuple[int, ...]) -> bool:
    return float(np.linalg.det(np.eye(3)[list(axes)] * signs)) > 0


ALL_ORDERS = (
    DOPE,
    ISAAC,
    *(
        CornerOrder(axes, signs)
        for axes in permutations(range(3))
        for signs in product((1, -1), repeat=3)
        if _is_rotation(axes, signs) and CornerOrder(axes, signs) not in (DOPE, ISAAC)
    ),
)
"""All 24; those with a name come first. Mirrored ones are none: no rotated box looks like them."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Boxes:
    """The boxes whose corners come nearest to the points, in the camera's frame, each up to its own scale.

    Attributes:
        half: half sizes along the object's x, y and z, not negative.
        centre: of the box.
        error_px: distance of the point that is furthest off; inf where fewer than four points are known.
    """

    half: Vectors
    centre: Vectors
    error_px: Float[np.ndarray, " n"]


def fit_boxes(rays: Points9, focal_px: Float[np.ndarray, "n 2"], rotations: Rotations, order: CornerOrder) -> Boxes:
    """Finds the box of each object under one corner order.

    A corner is centre + rotation @ (signs * half sizes). Each known point gives two equations that are linear in the
    six numbers of half size and centre; their common scale is free. A corner behind the camera counts too: programs
    that do not care put it where its line of sight meets the image in front.

    Args:
        rays: x / z and y / z of each point in the camera's frame, NaN where a point is not known.
        focal_px: fx and fy.
        rotations: of the objects in the camera.
        order: how the points are listed.
    """
    directions = rotations[:, :, list(order.axes)] * np.array(order.signs)
    half, centre = _solve(rays, directions)
    half = np.maximum(half, 0.0)
    points = centre[:, None] + np.einsum("nij,kj,nj->nki", directions, LABEL_SIGNS, half)
    is_known = np.isfinite(rays).all(axis=2)
    with np.errstate(divide="ignore", invalid="ignore"):
        off_px = np.linalg.norm((points[:, :, :2] / points[:, :, 2:] - rays) * focal_px[:, None], axis=2)
    off_px = np.where(np.isnan(off_px) & is_known, np.inf, np.where(is_known, off_px, 0.0))
    error = np.where(is_known.sum(axis=1) >= 4, off_px.max(axis=1, initial=0.0), np.inf)
    sizes = np.zeros_like(half)
    sizes[:, list(order.axes)] = half
    return Boxes(half=sizes, centre=centre, error_px=error)


def order_errors(rays: Points9, focal_px: Float[np.ndarray, "n 2"], rotations: Rotations) -> Float[np.ndarray, "n 24"]:
    """Returns each object's error in pixels under each of `ALL_ORDERS`."""
    errors = [fit_boxes(rays, focal_px, rotations, order).error_px for order in ALL_ORDERS]
    return np.stack(errors, axis=1)


def _solve(rays: Points9, directions: Rotations) -> tuple[Vectors, Vectors]:
    """Returns half sizes along the directions and centres, of unit length together, before the camera."""
    count = len(rays)
    to_point = np.empty((count, 9, 3, 6))
    to_point[..., :3] = directions[:, None] * LABEL_SIGNS[:, None, :]
    to_point[..., 3:] = np.eye(3)
    equations = to_point[:, :, :2] - rays[..., None] * to_point[:, :, 2:]
    equations = np.nan_to_num(equations, nan=0.0).reshape(count, 18, 6)
    _, vectors = np.linalg.eigh(equations.transpose(0, 2, 1) @ equations)
    found = vectors[:, :, 0]
    found = found * np.where(found[:, 5:] < 0, -1.0, 1.0)
    return found[:, :3], found[:, 3:]
