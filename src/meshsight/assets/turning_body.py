"""A mesh that is turned about its centroid to see whether it still looks the same. Shapes: n points."""

from collections.abc import Iterator
from itertools import chain

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from meshsight.assets.extent import diameter_of, outermost
from meshsight.assets.rotation_groups import Axis, angle_between, perpendicular_to
from meshsight.assets.still_directions import GOLDEN_RAD, still_directions
from meshsight.assets.surface_samples import sample_surface
from meshsight.core.pose import Matrix3, Matrix4, Points3, Vector3, make_pose, rotation_about
from meshsight.records.mesh import Mesh

MAX_ORDER = 12
ANY_ORDER = 1_000_000
_PRIMES = (2, 3, 5, 7, 11)
_SAMPLES, _PAINTED, _MOMENT_POINTS, _PROBES, _SCOUTS = 20_000, 4_000, 1_000, 500, 160
SAME_AXIS, _SNAP, _SCAN_STEP, _FAR = np.radians([3.0, 1.0, 1.5, 10.0]).tolist()
_MISSED, _NOISE = 0.03, 0.002
# A colour counts as another from this difference in sRGB, and a look as another from this share of the surface.
_OTHER_COLOR, _OTHER_LOOK = 0.15, 0.005


class TurningBody:
    """A mesh about its centroid, and the tests that a rotation must pass."""

    def __init__(self, mesh: Mesh, tolerance: float, with_colors: bool) -> None:
        self._tolerance = tolerance
        self._surface = sample_surface(mesh, _SAMPLES)
        self.centre = _centroid(self._surface.triangles)
        corners = outermost(mesh.vertices.astype(np.float64))
        self._diameter = diameter_of(corners)
        points = self._surface.points - self.centre
        self._scouts, probes = points[_spread(_SCOUTS)], points[_spread(_PROBES)]
        self._probes = np.concatenate([probes, corners[:: -(-len(corners) // _PROBES)] - self.centre])
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
        return all(self.fits(rotation_about(direction, k * GOLDEN_RAD)) for k in range(1, 7))

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
        sources = (lambda: np.eye(3), lambda: principal.T, lambda: still_directions(self._moment_points))
        for direction in chain.from_iterable(source() for source in sources):
            if all(angle_between(direction, other) > SAME_AXIS for other in known):
                known.append(direction)
                yield direction

    def flips(self, main: Axis) -> list[Axis]:
        """Returns an axis of even order at right angles to the main one, looked for in small steps."""
        first = perpendicular_to(main.direction)
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
    area = np.linalg.norm(np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]), axis=1)
    return np.average(triangles.mean(axis=1), axis=0, weights=area)


def _spread(count: int) -> slice:
    """Takes this many of the samples, evenly spread."""
    return slice(None, None, _SAMPLES // count)


def _axis_of(rotation: Matrix3, like: Vector3) -> Vector3:
    """Returns a rotation's axis, with the sign of a similar one."""
    values, vectors = np.linalg.eigh(rotation + rotation.T)
    axis = vectors[:, int(np.argmax(values))]
    return axis if axis @ like >= 0 else -axis


def _snapped(direction: Vector3) -> Vector3:
    nearest = np.eye(3)[int(np.argmax(np.abs(direction)))]
    return nearest if angle_between(direction, nearest) < _SNAP else direction
