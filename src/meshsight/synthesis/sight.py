"""Whether the middle of an object can be seen, by straight lines against triangles."""

from collections.abc import Sequence

import numpy as np

from meshsight.core.pose import Points3, Vector3, invert_pose, transform_points
from meshsight.records.mesh import MeshPart
from meshsight.synthesis.body import PlacedBody


def is_center_clear(eye: Vector3, bodies: Sequence[PlacedBody], index: int) -> bool:
    """Tells whether the line from the eye to a body's middle meets no other body on its way."""
    target = bodies[index].center
    return not any(_crosses(eye, target, body) for k, body in enumerate(bodies) if k != index)


def _crosses(start: Vector3, end: Vector3, placed: PlacedBody) -> bool:
    along = end - start
    share = float(np.clip((placed.center - start) @ along / max(float(along @ along), 1e-18), 0.0, 1.0))
    if float(np.linalg.norm(start + share * along - placed.center)) > placed.radius:
        return False
    scale = placed.body.scale
    ends = transform_points(invert_pose(placed.T_world_object), np.stack([start, end])) / scale
    return any(_meets(part, ends) for part in placed.body.geometry.mesh.parts)


def _meets(part: MeshPart, ends: Points3) -> bool:
    """Intersects a line between two points with all triangles (Moeller and Trumbore, J. Graphics Tools 2(1), 1997)."""
    a, b, c = (part.vertices[part.faces[:, k]].astype(np.float64) for k in range(3))
    start, along = ends[0], ends[1] - ends[0]
    first, second = b - a, c - a
    across = np.cross(along, second)
    determinant = np.einsum("fi,fi->f", first, across)
    usable = np.abs(determinant) > 1e-18
    inverse = np.where(usable, 1.0 / np.where(usable, determinant, 1.0), 0.0)
    offset = start - a
    u = np.einsum("fi,fi->f", offset, across) * inverse
    normal = np.cross(offset, first)
    v = (normal @ along) * inverse
    t = np.einsum("fi,fi->f", second, normal) * inverse
    return bool((usable & (u >= 0) & (v >= 0) & (u + v <= 1) & (t > 0) & (t < 1)).any())
