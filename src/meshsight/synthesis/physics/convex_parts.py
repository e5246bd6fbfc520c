"""Convex parts that stand for a mesh in collisions: its hull, or the hulls of the pieces into which planes cut it.

Each piece of the surface lies within the hull of its part, so a mesh never reaches out of its parts; watertight or not.

Shapes: f triangles.
"""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float
from scipy.spatial import ConvexHull, QhullError

from meshsight.records.mesh import Mesh
from meshsight.synthesis.geometry import Geometry

Points = Float[np.ndarray, "_ 3"]
Triangles = Float[np.ndarray, "_ 3 3"]

_MOST_CUTS = 8
_HOLLOW = 0.01
"""Depth of a surface inside its part's hull, in diameters, below which the part counts as convex."""
_UNEVEN = 0.02
_IN_PLANE = 1e-6
_THINNEST = 2e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class PartsCache:
    """Keeps the parts of each mesh.

    Attributes:
        by_content: (fingerprint of the mesh, most parts) -> its parts.
    """

    by_content: dict[tuple[str, int], tuple[Points, ...]] = field(default_factory=dict)

    def get(self, geometry: Geometry, most: int) -> tuple[Points, ...]:
        """Returns the points of at most so many convex parts, in metres in the mesh's frame."""
        key = (geometry.mesh.fingerprint, most)
        if key not in self.by_content:
            self.by_content[key] = split(geometry, most)
        return self.by_content[key]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Piece:
    """Triangles of the surface, and their hull.

    Attributes:
        triangles: corners.
        points: of the hull.
        volume: of the hull.
        hollow_m: how deep inside the hull the surface reaches.
    """

    triangles: Triangles
    points: Points
    volume: float
    hollow_m: float


def split(geometry: Geometry, most: int) -> tuple[Points, ...]:
    """Cuts the most hollow piece again and again, until all are nearly convex or there are as many as asked for."""
    if geometry.hull is None:
        return (_thickened(geometry),)
    if most == 1:
        return (geometry.hull_points,)
    thinnest = 0.5 * _THINNEST * geometry.diameter
    pieces = [_piece_of(_triangles_of(geometry.mesh), thinnest)]
    while len(pieces) < most:
        worst = max(pieces, key=lambda piece: piece.hollow_m)
        halves = _cut(worst, thinnest)
        if worst.hollow_m < _HOLLOW * geometry.diameter or not halves:
            break
        pieces.remove(worst)
        pieces += halves
    return tuple(piece.points for piece in pieces)


def _triangles_of(mesh: Mesh) -> Triangles:
    return np.concatenate([part.vertices.astype(np.float64)[part.faces] for part in mesh.parts])


def _piece_of(triangles: Triangles, thinnest_m: float) -> _Piece:
    points = np.unique(triangles.reshape(-1, 3), axis=0)
    try:
        hull = ConvexHull(points)
    except QhullError:
        points = _with_thickness(points, thinnest_m)
        hull = ConvexHull(points)
    planes, middles = hull.equations, triangles.mean(axis=1)
    depth = -(middles @ planes[:, :3].T + planes[:, 3]).max(axis=1)
    return _Piece(triangles=triangles, points=points[hull.vertices], volume=hull.volume, hollow_m=float(depth.max()))


def _cut(piece: _Piece, thinnest_m: float) -> list[_Piece]:
    """Cuts across an axis so that the two hulls hold least together; of equals, evenly and across the longest side.

    Without that preference a ring would be sliced like a loaf, which gains nothing.
    """
    best, least = [], np.inf
    low, sizes = piece.points.min(axis=0), np.ptp(piece.points, axis=0)
    for axis in range(3):
        for at in _heights(piece.triangles[:, :, axis]):
            sides = _clip(piece.triangles, axis, at)
            if min(len(side) for side in sides) == 0:
                continue
            halves = [_piece_of(side, thinnest_m) for side in sides]
            off = abs((at - low[axis]) / sizes[axis] - 0.5) + 1.0 - sizes[axis] / sizes.max()
            cost = sum(half.volume for half in halves) + _UNEVEN * off * piece.volume
            if cost < least:
                best, least = halves, cost
    return best


def _heights(along: Float[np.ndarray, "f 3"]) -> list[float]:
    """Returns where to try a cut: evenly, and at corners, of which many are thinned out."""
    levels = np.unique(np.round(along, 9))[1:-1]
    if len(levels) > _MOST_CUTS:
        levels = np.quantile(along, np.linspace(0.0, 1.0, _MOST_CUTS + 2)[1:-1])
    return [*levels.tolist(), *np.linspace(along.min(), along.max(), 5)[1:-1].tolist()]


def _clip(triangles: Triangles, axis: int, at: float) -> tuple[Triangles, Triangles]:
    """Returns the triangles below and above a plane; one that crosses it becomes three.

    One that lies in the plane goes to the side that it bounds from outside.
    """
    heights = triangles[:, :, axis] - at
    heights[np.abs(heights) < _IN_PLANE * np.ptp(triangles, axis=(0, 1)).max()] = 0.0
    edges = triangles[:, 1:] - triangles[:, :1]
    faces_down = np.cross(edges[:, 0], edges[:, 1])[:, axis] < 0
    is_above = np.where(heights.any(axis=1, keepdims=True), heights > 0, faces_down[:, None])
    crosses = (heights.min(axis=1) < 0) & (heights.max(axis=1) > 0)
    is_above[~crosses] = is_above[~crosses].any(axis=1, keepdims=True)
    num_above = is_above.sum(axis=1)
    lone = np.where(num_above[crosses] == 1, is_above[crosses].argmax(axis=1), is_above[crosses].argmin(axis=1))
    order = (lone[:, None] + np.arange(3)) % 3
    rows = np.arange(len(lone))[:, None]
    a, b, c = np.moveaxis(triangles[crosses][rows, order], 1, 0)
    ha, hb, hc = np.moveaxis(heights[crosses][rows, order], 1, 0)
    ab = a + (ha / (ha - hb))[:, None] * (b - a)
    ac = a + (ha / (ha - hc))[:, None] * (c - a)
    tips, stumps = np.stack([a, ab, ac], axis=1), np.stack([[ab, b, c], [ab, c, ac]], axis=0)
    stumps = np.moveaxis(stumps, 2, 1)
    tip_is_above = num_above[crosses] == 1
    above = [triangles[num_above == 3], tips[tip_is_above], *stumps[:, ~tip_is_above]]
    below = [triangles[num_above == 0], tips[~tip_is_above], *stumps[:, tip_is_above]]
    return np.concatenate(below), np.concatenate(above)


def _thickened(geometry: Geometry) -> Points:
    return _with_thickness(geometry.hull_points, 0.5 * _THINNEST * geometry.diameter)


def _with_thickness(points: Points, half_m: float) -> Points:
    """Doubles flat points along each direction in which they have no extent, so that they span a volume."""
    middle = points.mean(axis=0)
    axes = np.linalg.svd(points - middle, full_matrices=True)[2]
    reach = np.abs((points - middle) @ axes.T).max(axis=0)
    for axis, extent in zip(axes, reach, strict=True):
        if extent < half_m:
            points = np.concatenate([points - half_m * axis, points + half_m * axis])
    return points
