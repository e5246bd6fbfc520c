"""Lens distortion after Brown and Conrady, with OpenCV's five coefficients k1 k2 p1 p2 k3.

A point (x, y) of the plane at depth 1, at distance r from the axis, is seen at

    (x, y) (1 + k1 r^2 + k2 r^4 + k3 r^6) + 2 (q . (x, y)) (x, y) + q r^2,    q = (p2, p1)

(D. C. Brown, "Decentering distortion of lenses", 1966; OpenCV's camera model writes q's part out by components). Its
Jacobian is symmetric. Within the disc around the axis on which it is also positive definite the mapping is the gradient
of a convex function, so no two points are seen at one place: that disc is the lens's field, and nothing outside of it
is seen. Shapes: n points.
"""

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from jaxtyping import Bool, Float

PlanePoints = Float[np.ndarray, "n 2"]
Distances = Float[np.ndarray, " n"]
Coefficients = tuple[float, float, float, float, float]

NO_DISTORTION: Coefficients = (0.0, 0.0, 0.0, 0.0, 0.0)

# Directions up to here from the axis are looked at: beyond, a planar image has no use.
_WIDEST_RAD = math.radians(89.0)
_NUM_RADII = 4096
_MAX_STEPS = 40
_MAX_HALVINGS = 16
# Newton's method starts this far out at most: at the very edge of the field it would be lost.
_START = 0.95
_TOLERANCE = 1e-13
# Near the edge of the field the Jacobian is all but singular: what is not solved to this is taken to be outside.
_ACCEPTED = 1e-9


@dataclass(frozen=True, eq=False)
class Lens:
    """A lens that bends: at least one of its coefficients is not 0. `lens_of` keeps the last ones made.

    Attributes:
        coefficients: k1 k2 p1 p2 k3.
    """

    coefficients: Coefficients

    @property
    def radial(self) -> tuple[float, float, float]:
        """k1, k2 and k3."""
        k1, k2, _, _, k3 = self.coefficients
        return k1, k2, k3

    @property
    def tangential(self) -> Float[np.ndarray, "2"]:
        """The vector q = (p2, p1)."""
        return np.array([self.coefficients[3], self.coefficients[2]])

    @cached_property
    def field_radius(self) -> float:
        """Radius of the lens's field in the plane at depth 1; that of the widest direction where nothing folds.

        With x = r e, the Jacobian in the directions along and across e is diag(g', f) + m [[3 c, s], [s, c]], where
        f = 1 + k1 r^2 + ..., g = r f, m = 2 r |q| and (c, s) is the direction of q. Its determinant
        g' f + m c (g' + 3 f) + 4 m^2 c^2 - m^2 is a parabola in c, whose least value on [-1, 1] decides.
        """
        radii: Distances = np.tan(np.linspace(0.0, _WIDEST_RAD, _NUM_RADII))
        is_folded = ~self._is_definite(radii)
        if not is_folded.any():
            return float(radii[-1])
        low, high = radii[is_folded.argmax() - 1], radii[is_folded.argmax()]
        for _ in range(60):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if self._is_definite(np.array([middle]))[0] else (low, middle)
        return float(low)

    def _is_definite(self, r: Distances) -> Bool[np.ndarray, " n"]:
        f, slope = self._factor(r * r)
        along = f + 2 * r * r * slope
        m = 2 * r * float(np.linalg.norm(self.tangential))
        c = np.clip(-(along + 3 * f) / np.maximum(8 * m, 1e-30), -1.0, 1.0)
        least = along * f + m * c * (along + 3 * f) + m * m * (4 * c * c - 1)
        return (least > 0) & (along - 3 * m > 0) & (f - m > 0)

    def _factor(self, squared: Distances) -> tuple[Distances, Distances]:
        """Returns f and its derivative by r^2."""
        k1, k2, k3 = self.radial
        return 1 + squared * (k1 + squared * (k2 + squared * k3)), k1 + squared * (2 * k2 + 3 * squared * k3)

    @cached_property
    def radial_table(self) -> Float[np.ndarray, "2 m"]:
        """Increasing distances from the axis: where points of the field are seen without q, and where they are."""
        radii: Distances = np.tan(np.linspace(0.0, math.atan(self.field_radius), _NUM_RADII))
        return np.stack([radii * self._factor(radii * radii)[0], radii])

    def distort(self, points: PlanePoints) -> PlanePoints:
        """Returns where points of the plane at depth 1 are seen; NaN outside of the field."""
        squared = np.einsum("nd,nd->n", points, points)
        seen = points * (self._factor(squared)[0] + 2 * points @ self.tangential)[:, None]
        seen += self.tangential * squared[:, None]
        seen[~(squared <= self.field_radius**2)] = np.nan
        return seen

    def jacobians(self, points: PlanePoints) -> Float[np.ndarray, "n 3"]:
        """Returns the derivative of `distort` at each point: of x by x, of x by y (and y by x), and of y by y."""
        (a, b), (x, y) = self.tangential, points.T
        factor, slope = self._factor(x * x + y * y)
        factor += 2 * (a * x + b * y)
        return np.stack(
            [
                factor + 2 * slope * x * x + 4 * a * x,
                2 * (slope * x * y + a * y + b * x),
                factor + 2 * slope * y * y + 4 * b * y,
            ],
            axis=1,
        )

    def undistort(self, seen: PlanePoints) -> PlanePoints:
        """Returns the points of the plane at depth 1 that are seen at these places; NaN where there is none.

        Newton's method for the least of a convex function, from the solution without q, which the table holds.
        """
        distance = np.linalg.norm(seen, axis=1)
        start = np.asarray(np.interp(distance, self.radial_table[0], self.radial_table[1]), dtype=np.float64)
        start = np.minimum(start, _START * self.field_radius)
        points: PlanePoints = seen * (start / np.maximum(distance, 1e-300))[:, None]
        work = np.flatnonzero(np.isfinite(distance))
        for _ in range(_MAX_STEPS):
            residual = seen[work] - self.distort(points[work])
            is_open = np.abs(residual).max(axis=1, initial=0.0) > _TOLERANCE * (1 + distance[work])
            work, residual = work[is_open], residual[is_open]
            if work.size == 0:
                break
            points[work] = self._next(points[work], seen[work], residual)
        error = np.abs(seen - self.distort(points)).max(axis=1, initial=0.0)
        points[~(error <= _ACCEPTED * (1 + distance))] = np.nan
        return points

    def _next(self, points: PlanePoints, seen: PlanePoints, residual: PlanePoints) -> PlanePoints:
        """Takes a step, halved where it leads away from the least or out of the field."""
        xx, xy, yy = self.jacobians(points).T
        steps: Float[np.ndarray, "2 n"] = np.stack(
            [yy * residual[:, 0] - xy * residual[:, 1], xx * residual[:, 1] - xy * residual[:, 0]]
        )
        steps /= np.maximum(xx * yy - xy * xy, 1e-12)
        reached, before, is_worse = points, self._height(points, seen), np.ones(len(points), dtype=bool)
        for _ in range(_MAX_HALVINGS):
            reached = points + steps.T
            is_outside = np.einsum("nd,nd->n", reached, reached) > self.field_radius**2
            is_worse = is_outside | (self._height(reached, seen) > before + _TOLERANCE)
            if not is_worse.any():
                return reached
            steps[:, is_worse] *= 0.5
        return np.where(is_worse[:, None], points, reached)

    def _height(self, points: PlanePoints, seen: PlanePoints) -> Distances:
        """Returns the convex function whose gradient is `distort(points) - seen`."""
        (k1, k2, k3), squared = self.radial, np.einsum("nd,nd->n", points, points)
        radial = squared * (1 / 2 + squared * (k1 / 4 + squared * (k2 / 6 + squared * k3 / 8)))
        return radial + points @ self.tangential * squared - np.einsum("nd,nd->n", points, seen)


@lru_cache(maxsize=64)
def lens_of(coefficients: Coefficients) -> Lens | None:
    """Returns the lens of these coefficients, or None where all are 0 and nothing bends."""
    return Lens(coefficients) if any(coefficients) else None
