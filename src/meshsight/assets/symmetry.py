"""Rotational symmetries of a mesh, in the meaning of BOP's `models_info.json`.

A rotation is a symmetry when it brings every point of the surface onto the surface, and onto the same colour.
Every symmetry keeps the surface's centroid, so only the axes through it are unknown. They are principal axes of inertia
or, where inertia cannot tell them apart (cube, ball, prism), places where a smooth function of the direction that turns
with the shape stands still: there every rotation about the axis maps its slope onto itself.
Shapes: n points, s directions.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np
from jaxtyping import Float
from scipy.spatial import ConvexHull, KDTree, QhullError
from scipy.spatial.transform import Rotation

from meshsight.assets.rotation_groups import Axis, angle_between, groups_of, rotation_about
from meshsight.assets.surface_samples import sample_surface
from meshsight.core.pose import Matrix3, Matrix4, Points3, Vector3, make_pose
from meshsight.records.mesh import Mesh

TOLERANCE = 0.015
"""The largest distance from the surface, as a share of the diameter, at which a turned point still lies on it."""

MAX_ORDER = 12
ANY_ORDER = 1_000_000
_PRIMES = (2, 3, 5, 7, 11)
_SAMPLES, _PAINTED, _MOMENT_POINTS, _PROBES, _SCOUTS = 20_000, 4_000, 1_000, 500, 160
_GOLDEN_RAD = np.pi * (3.0 - 5.0**0.5)
_SAME_AXIS, _SNAP, _SCAN_STEP, _FAR = np.radians([3.0, 1.0, 1.5, 10.0]).tolist()
_MISSED, _NOISE = 0.03, 0.002
# A colour counts as another from this difference in sRGB, and a look as another from this share of the surface.
_OTHER_COLOR, _OTHER_LOOK = 0.15, 0.005


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


def mesh_diameter(mesh: Mesh) -> float:
    """Returns the largest distance between two vertices in metres."""
    return _diameter(_extremes(mesh.vertices.astype(np.float64)))


def find_symmetries(mesh: Mesh, *, tolerance: float = TOLERANCE, with_colors: bool = True) -> Symmetries:
    """Finds the rotational symmetries of a mesh, about axes of order up to 12 or of any angle.

    Args:
        mesh: any mesh, open or closed.
        tolerance: largest deviation as a share of the diameter.
        with_colors: textures, vertex colours and materials must come onto themselves too; without, the shape alone.
    """
    body = _Body(mesh, tolerance, with_colors)
    axes: list[Axis] = []
    for direction in body.candidates():
        if all(angle_between(direction, known.direction) > _SAME_AXIS for known in axes):
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


def _continuous(body: "_Body", axis: Vector3) -> Symmetries:
    """Returns the symmetries of a body that is one of revolution about an axis."""
    across = _perpendicular(axis)
    if body.is_round(across):
        return Symmetries(continuous=tuple(ContinuousSymmetry(axis=a, offset=body.centre) for a in np.eye(3)))
    flip = rotation_about(across, np.pi)
    return Symmetries(
        discrete=(body.about_centre(flip),) if body.fits(flip) else (),
        continuous=(ContinuousSymmetry(axis=axis, offset=body.centre),),
    )


class _Body:
    """A mesh about its centroid, and the tests that a rotation must pass."""

    def __init__(self, mesh: Mesh, tolerance: float, with_colors: bool) -> None:
        self._tolerance = tolerance
        self._surface = sample_surface(mesh, _SAMPLES)
        self.centre = _centroid(self._surface.triangles)
        corners = _extremes(mesh.vertices.astype(np.float64))
        self._diameter = _diameter(corners)
        points = self._surface.points - self.centre
        self._scouts, probes = points[_spread(_SCOUTS)], points[_spread(_PROBES)]
        self._probes = np.concatenate([probes, corners[:_PROBES] - self.centre])
        self._moment_points = points[_spread(_MOMENT_POINTS)]
        self._has_look = with_colors and bool(np.ptp(self._surface.colors, axis=0).max() > _OTHER_COLOR)
        self._painted = points[_spread(_PAINTED)]
        self._paint = self._surface.colors[_spread(_PAINTED)]

    def about_centre(self, rotation: Matrix3) -> Matrix4:
        """Returns a rotation about the centroid as a pose in the mesh's frame."""
        return make_pose(rotation, self.centre - rotation @ self.centre)

    def fits(self, rotation: Matrix3, slack: float = 1.0) -> bool:
        """Tells whether a rotation leaves shape and look as they are; `slack` widens the tolerances."""
        reach = slack * self._tolerance * self._diameter
        if any(self._deviations(points, rotation).max() > reach for points in (self._scouts, self._probes)):
            return False
        if not self._has_look:
            return True
        turned = self._painted @ rotation.T + self.centre
        differences = self._surface.color_differences(turned, self._paint, reach)
        return float(np.mean(differences > _OTHER_COLOR)) <= slack * _OTHER_LOOK

    def is_round(self, direction: Vector3) -> bool:
        """Tells whether any turn about an axis fits."""
        return all(self.fits(rotation_about(direction, k * _GOLDEN_RAD)) for k in range(1, 7))

    def measure(self, direction: Vector3) -> Axis | None:
        """Returns the axis near a direction, turned to where it fits best, with its order; None if there is none."""
        for prime in _PRIMES:
            if self._may_fit(direction, 2 * np.pi / prime):
                refined = self._refine(direction, prime)
                if self.fits(rotation_about(refined, 2 * np.pi / prime)):
                    return Axis(refined, self._order(refined))
        return None

    def candidates(self) -> Iterator[Vector3]:
        """Yields directions that may be axes, the likeliest first, each at most once."""
        _, principal = np.linalg.eigh(self._moment_points.T @ self._moment_points)
        known: list[Vector3] = []
        for direction in chain(np.eye(3), principal.T, self._still_places()):
            if all(angle_between(direction, other) > _SAME_AXIS for other in known):
                known.append(direction)
                yield direction

    def _still_places(self) -> Iterator[Vector3]:
        yield from _still_places(self._moment_points)

    def flips(self, main: Axis) -> list[Axis]:
        """Returns an axis of even order at right angles to the main one, looked for in small steps."""
        first = _perpendicular(main.direction)
        for angle in np.arange(0.0, np.pi / main.order, _SCAN_STEP):
            direction = rotation_about(main.direction, float(angle)) @ first
            if self._may_fit(direction, np.pi):
                refined = self._refine(direction, 2)
                if self.fits(rotation_about(refined, np.pi)):
                    return [Axis(refined, 2)]
        return []

    def _order(self, direction: Vector3) -> int:
        """Returns the highest order that fits about as well as the best one."""
        if self.is_round(direction):
            return ANY_ORDER
        rotations = {order: rotation_about(direction, 2 * np.pi / order) for order in range(2, MAX_ORDER + 1)}
        worst = {order: float(self._deviations(self._probes, turn).max()) for order, turn in rotations.items()}
        limit = 2.0 * min(worst.values()) + _NOISE * self._diameter
        fitting = [order for order, turn in rotations.items() if worst[order] <= limit and self.fits(turn)]
        return max(fitting, default=1)

    def _deviations(self, points: Points3, rotation: Matrix3) -> Float[np.ndarray, " n"]:
        return self._surface.distances(points @ rotation.T + self.centre)

    def _may_fit(self, direction: Vector3, angle_rad: float) -> bool:
        """Rules out most rotations by a few points; an axis that is some degrees off passes."""
        deviations = self._deviations(self._scouts, rotation_about(direction, angle_rad))
        return float(np.quantile(deviations, 0.8)) <= (self._tolerance + _MISSED) * self._diameter

    def _refine(self, direction: Vector3, order: int) -> Vector3:
        """Turns an axis to where its rotation fits best; a coordinate axis that is near and fits too is preferred.

        Each step solves for the small turn that brings the points, turned, into the planes of the nearest faces.
        """
        start = direction
        for points in (*[self._scouts] * 3, *[self._probes] * 4):
            rotation = rotation_about(direction, 2 * np.pi / order)
            turned = points @ rotation.T
            feet, normals = self._surface.nearest(turned + self.centre)
            gaps = np.einsum("nd,nd->n", normals, feet - self.centre - turned)
            turn = np.linalg.lstsq(np.cross(turned, normals), gaps, rcond=1e-2)[0]
            direction = _axis_of(Rotation.from_rotvec(turn).as_matrix() @ rotation, direction)
            if angle_between(direction, start) > _FAR:
                return direction
        snapped = _snapped(direction)
        return snapped if self.fits(rotation_about(snapped, 2 * np.pi / order)) else direction


def _centroid(triangles: Float[np.ndarray, "f 3 3"]) -> Vector3:
    a, b, c = triangles[:, 0], triangles[:, 1], triangles[:, 2]
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    return (triangles.mean(axis=1) * area[:, None]).sum(axis=0) / area.sum()


def _extremes(vertices: Points3) -> Float[np.ndarray, "k 3"]:
    """Returns the corners of the convex hull, or all vertices where they lie in a plane."""
    try:
        return vertices[ConvexHull(vertices).vertices]
    except QhullError:
        return np.unique(vertices, axis=0)


def _diameter(corners: Points3) -> float:
    """Returns the largest distance between two points, exactly.

    A good first pair is found by going to the farthest point again and again. A better pair lies, seen from the middle
    of that one, nearly on opposite sides, so each point is only compared with those around its antipode.
    """
    start, far, best, longer = corners[0], corners[0], -1.0, 0.0
    while longer > best:
        best, start = longer, far
        distances = np.linalg.norm(corners - start, axis=1)
        far, longer = corners[int(np.argmax(distances))], float(distances.max())
    spread = corners - 0.5 * (start + far)
    radius = np.linalg.norm(spread, axis=1)
    widest = float(radius.max())
    able = np.flatnonzero((radius >= best - widest - 1e-9 * best) & (radius > 0))
    spread, radius = spread[able], radius[able]
    beyond = (best**2 - widest**2 - radius**2) / (2 * radius)
    reach = np.sqrt(np.maximum(2 * widest * (widest - beyond), 0.0)) + 1e-9 * best
    antipodes = 0.5 * (start + far) - spread * (widest / radius)[:, None]
    for index, near in zip(able, KDTree(corners).query_ball_point(antipodes, reach), strict=True):
        best = max(best, float(np.linalg.norm(corners[near] - corners[index], axis=1).max(initial=0.0)))
    return best


def _spread(count: int) -> slice:
    """Takes this many of the samples, evenly spread."""
    return slice(None, None, _SAMPLES // count)


def _axis_of(rotation: Matrix3, like: Vector3) -> Vector3:
    """Returns a rotation's axis, with the sign of a similar one."""
    values, vectors = np.linalg.eigh(rotation + rotation.T)
    axis = vectors[:, int(np.argmax(values))]
    return axis if axis @ like >= 0 else -axis


def _perpendicular(direction: Vector3) -> Vector3:
    other = np.eye(3)[int(np.argmin(np.abs(direction)))]
    across = other - (other @ direction) * direction
    return across / np.linalg.norm(across)


def _snapped(direction: Vector3) -> Vector3:
    nearest = np.eye(3)[int(np.argmax(np.abs(direction)))]
    return nearest if angle_between(direction, nearest) < _SNAP else direction


def _is_forward(rotation: Matrix3) -> bool:
    """Tells which one of a rotation and its inverse to test: they fit alike."""
    turn = Rotation.from_matrix(rotation).as_rotvec()
    first = float(turn[np.flatnonzero(np.abs(turn) > 1e-6)[0]])
    return first > 0 or float(np.linalg.norm(turn)) > np.pi - 1e-6


def _still_places(points: Points3, starts: int = 120, steps: int = 8) -> list[Vector3]:
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
    return np.column_stack([radius * np.cos(index * _GOLDEN_RAD), radius * np.sin(index * _GOLDEN_RAD), z])
