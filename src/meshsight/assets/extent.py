"""How far a mesh reaches: its outermost points, and the largest distance between two of them."""

import numpy as np
from jaxtyping import Float
from scipy.spatial import ConvexHull, KDTree, QhullError

from meshsight.core.pose import Points3
from meshsight.records.mesh import Mesh


def mesh_diameter(mesh: Mesh) -> float:
    """Returns the largest distance between two vertices in metres."""
    return diameter_of(outermost(mesh.vertices.astype(np.float64)))


def outermost(points: Points3) -> Float[np.ndarray, "k 3"]:
    """Returns the corners of the points' convex hull, or all of them where they lie in a plane."""
    try:
        return points[ConvexHull(points).vertices]
    except (QhullError, ValueError):  # flat, or too few
        return np.unique(points, axis=0)


def diameter_of(points: Points3) -> float:
    """Returns the largest distance between two points, exactly.

    A good first pair is found by going to the farthest point again and again. A better pair lies, seen from the middle
    of that one, nearly on opposite sides, so each point is only compared with those around its antipode.
    """
    start, far, best, longer = points[0], points[0], -1.0, 0.0
    while longer > best:
        best, start = longer, far
        distances = np.linalg.norm(points - start, axis=1)
        far, longer = points[int(np.argmax(distances))], float(distances.max())
    spread = points - 0.5 * (start + far)
    radius = np.linalg.norm(spread, axis=1)
    widest = float(radius.max())
    able = np.flatnonzero((radius >= best - widest - 1e-9 * best) & (radius > 0))
    spread, radius = spread[able], radius[able]
    beyond = (best**2 - widest**2 - radius**2) / (2 * radius)
    reach = np.sqrt(np.maximum(2 * widest * (widest - beyond), 0.0)) + 1e-9 * best
    antipodes = 0.5 * (start + far) - spread * (widest / radius)[:, None]
    for index, near in zip(able, KDTree(points).query_ball_point(antipodes, reach), strict=True):
        best = max(best, float(np.linalg.norm(points[near] - points[index], axis=1).max(initial=0.0)))
    return best
