"""Surfaces as points, triangles and texture coordinates: how they are moved, joined, and swept from rings of points.

Shapes: v vertices, f faces, r rings of m points.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from meshsight.core.pose import Matrix3

Path3 = Float[np.ndarray, "r 3"]
Profile = Sequence[tuple[float, float]] | Float[np.ndarray, "r 2"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Surface:
    """Triangles with texture coordinates (v up), counter-clockwise seen from outside; metres."""

    vertices: Float[np.ndarray, "v 3"]
    faces: Int[np.ndarray, "f 3"]
    uv: Float[np.ndarray, "v 2"]

    def moved(self, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> "Surface":
        """Returns the surface shifted."""
        return replace(self, vertices=self.vertices + np.array([x, y, z]))

    def turned(self, rotation: Matrix3) -> "Surface":
        """Returns the surface rotated about the origin."""
        return replace(self, vertices=self.vertices @ rotation.T)

    def stretched(self, x: float, y: float, z: float) -> "Surface":
        """Returns the surface scaled by positive factors."""
        return replace(self, vertices=self.vertices * np.array([x, y, z]))


def join(surfaces: Sequence[Surface]) -> Surface:
    """Puts surfaces into one."""
    starts = np.cumsum([0] + [len(surface.vertices) for surface in surfaces])
    return Surface(
        vertices=np.concatenate([surface.vertices for surface in surfaces]),
        faces=np.concatenate([s.faces + start for s, start in zip(surfaces, starts, strict=False)]),
        uv=np.concatenate([surface.uv for surface in surfaces]),
    )


def skin_rings(rings: Float[np.ndarray, "r m 3"], v: Float[np.ndarray, " r"]) -> Surface:
    """Joins rings of points by triangles; each ring's last point repeats its first, and u runs along it from 0 to 1.

    Rings turn counter-clockwise seen from the way they advance to. Triangles without area, as at a pole, are left out.
    """
    count, size = rings.shape[:2]
    corner = np.arange(count * size).reshape(count, size)
    a, b = corner[:-1, :-1].ravel(), corner[:-1, 1:].ravel()
    c, d = corner[1:, 1:].ravel(), corner[1:, :-1].ravel()
    faces = np.concatenate([np.stack([a, b, c], axis=1), np.stack([a, c, d], axis=1)])
    vertices = rings.reshape(-1, 3)
    p, q, r = (vertices[faces[:, k]] for k in range(3))
    area = np.linalg.norm(np.cross(q - p, r - p), axis=1)
    u = np.broadcast_to(np.linspace(0.0, 1.0, size), (count, size))
    inset = 0.02 + 0.96 * v  # so that filtering does not mix the texture's top row into its bottom row
    uv = np.stack([u, np.broadcast_to(inset[:, None], (count, size))], axis=-1)
    return Surface(vertices=vertices, faces=faces[area > 1e-12], uv=uv.reshape(-1, 2))


def lathe(profile: Profile, segments: int = 40) -> Surface:
    """Turns a profile of (radius, z), from the bottom up on the outside, about the z axis; v is the height, 0 to 1."""
    radius, z = np.asarray(profile, dtype=np.float64).T
    angle = np.linspace(0.0, 2 * np.pi, segments + 1)
    x, y = np.outer(radius, np.cos(angle)), np.outer(radius, np.sin(angle))
    rings = np.stack([x, y, np.broadcast_to(z[:, None], x.shape)], axis=-1)
    rings[:, -1] = rings[:, 0]
    return skin_rings(rings, (z - z.min()) / max(float(np.ptp(z)), 1e-9))


def _transported_axes(tangents: Path3) -> tuple[Path3, Path3]:
    """Returns two unit vectors across each tangent that twist as little as possible from one to the next."""
    across = np.empty_like(tangents)
    start = np.eye(3)[np.argmin(np.abs(tangents[0]))]
    for i, tangent in enumerate(tangents):
        previous = start if i == 0 else across[i - 1]
        flat = previous - tangent * (previous @ tangent)
        across[i] = flat / np.linalg.norm(flat)
    return across, np.cross(tangents, across)


def sweep(path: Path3, radii: Float[np.ndarray, " r"], segments: int = 16, is_closed: bool = False) -> Surface:
    """Sweeps a circle of varying radius along a path; open ends are capped, and v runs along the path.

    A closed path repeats its first point at its end, and lies in a plane.
    """
    steps = np.gradient(path, axis=0)
    if is_closed:
        steps[0] = steps[-1] = path[1] - path[-2]
    tangents = steps / np.linalg.norm(steps, axis=1, keepdims=True)
    one, two = _transported_axes(tangents)
    angle = np.linspace(0.0, 2 * np.pi, segments + 1)
    circle = np.cos(angle)[None, :, None] * one[:, None] + np.sin(angle)[None, :, None] * two[:, None]
    rings = path[:, None] + radii[:, None, None] * circle
    v = np.linspace(0.0, 1.0, len(path))
    if not is_closed:
        ends = np.broadcast_to(path[[0, -1], None], (2, segments + 1, 3))
        rings, v = np.concatenate([ends[:1], rings, ends[1:]]), np.concatenate([[0.0], v, [1.0]])
    return skin_rings(rings, v)


def ball(radius: float, segments: int = 24) -> Surface:
    """Returns a sphere around the origin."""
    angle = np.linspace(-np.pi / 2, np.pi / 2, segments // 2 + 1)
    profile = np.stack([np.cos(angle) * radius, np.sin(angle) * radius], axis=1)
    profile[[0, -1], 0] = 0.0
    return lathe(profile, segments)


def cylinder(radius: float, height: float, segments: int = 32) -> Surface:
    """Returns a capped cylinder, standing on z = 0."""
    return lathe([(0.0, 0.0), (radius, 0.0), (radius, height), (0.0, height)], segments)
