"""On which sides an object can rest: the faces of its convex hull that carry its centre.

Shapes: f hull triangles, r rests.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial import ConvexHull

from meshsight.core.pose import Matrix3

_SAME_PLANE = 1e-5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rests:
    """Sides to rest on.

    Attributes:
        normals: outward unit normals of the sides, in the object's frame.
        weights: how likely each is, summing to 1.
    """

    normals: Float[np.ndarray, "r 3"]
    weights: Float[np.ndarray, " r"]


def find_rests(hull: ConvexHull) -> Rests:
    """Finds the stable sides of a convex hull.

    A side is stable when the centre of mass of the hull, taken as a uniform solid, lies above it. Its weight is the
    solid angle under which that centre sees it: the share of random orientations that first land there.
    """
    corners = hull.points[hull.simplices]
    center, normals = _center_of_mass(corners), hull.equations[:, :3]
    offsets = -hull.equations[:, 3]
    foot = center + (offsets - normals @ center)[:, None] * normals
    side = _sides(hull.equations, float(np.ptp(hull.points, axis=0).max()))
    angles = np.bincount(side, weights=_solid_angles(corners - center))
    carries = np.bincount(side, weights=_contains(corners, normals, foot)) > 0
    first = np.unique(side, return_index=True)[1]
    weights = np.where(carries, angles, 0.0)
    stable = np.flatnonzero(weights > 0)
    return Rests(normals=normals[first[stable]], weights=weights[stable] / weights[stable].sum())


def _sides(equations: Float[np.ndarray, "f 4"], size: float) -> Int[np.ndarray, " f"]:
    """Numbers the planes of triangles, so that triangles of one flat side share a number."""
    scaled = equations / np.array([1.0, 1.0, 1.0, size])
    return np.unique(np.round(scaled / _SAME_PLANE / 10).astype(np.int64), axis=0, return_inverse=True)[1].reshape(-1)


def _center_of_mass(corners: Float[np.ndarray, "f 3 3"]) -> Float[np.ndarray, "3"]:
    middle = corners.mean(axis=(0, 1))
    volumes = np.abs(np.linalg.det(corners - middle))
    return middle + ((corners - middle).sum(axis=1) * volumes[:, None]).sum(axis=0) / (4.0 * volumes.sum())


def _solid_angles(rays: Float[np.ndarray, "f 3 3"]) -> Float[np.ndarray, " f"]:
    """Solid angle of each triangle from the origin (Van Oosterom and Strackee, IEEE Trans. Biomed. Eng. 30, 1983)."""
    a, b, c = np.moveaxis(rays, 1, 0)
    la, lb, lc = (np.linalg.norm(ray, axis=1) for ray in (a, b, c))
    volume = np.abs(np.einsum("fi,fi->f", a, np.cross(b, c)))
    dots = (np.einsum("fi,fi->f", p, q) * r for p, q, r in ((a, b, lc), (a, c, lb), (b, c, la)))
    return 2.0 * np.arctan2(volume, la * lb * lc + sum(dots))


def _contains(
    corners: Float[np.ndarray, "f 3 3"], normals: Float[np.ndarray, "f 3"], points: Float[np.ndarray, "f 3"]
) -> Float[np.ndarray, " f"]:
    """Returns 1 where a triangle contains its point, whichever way round its corners are listed."""
    edges = np.roll(corners, -1, axis=1) - corners
    turns = np.einsum("fki,fi->fk", np.cross(edges, points[:, None] - corners), normals)
    slack = 1e-9 * np.abs(turns).max(axis=1, keepdims=True)
    inside = np.all(turns >= -slack, axis=1) | np.all(turns <= slack, axis=1)
    return inside.astype(np.float64)


def rotation_onto(normal: Float[np.ndarray, "3"]) -> Matrix3:
    """Returns a rotation that turns a unit normal to point straight down, so that its side lies on the ground.

    The other two axes are those of Duff et al., Building an Orthonormal Basis, Revisited, JCGT 6(1), 2017.
    """
    x, y, z = normal.tolist()
    sign = math.copysign(1.0, z)
    a = -1.0 / (sign + z)
    b = x * y * a
    return np.array([[b, sign + y * y * a, -y], [1.0 + sign * x * x * a, sign * b, -sign * x], [-x, -y, -z]])
