"""Shoots a ray with Embree as the renderer `raycast` would."""

import sys
from importlib import metadata

import numpy as np
import trimesh
from trimesh.ray.ray_pyembree import RayMeshIntersector


def probe() -> str:
    """Hits a box from above, a quarter of a metre away."""
    box = trimesh.creation.box()
    points, _, _ = RayMeshIntersector(box).intersects_location(np.array([[0.1, 0.2, 0.75]]), np.array([[0.0, 0, -1]]))
    heights = np.sort(points[:, 2])
    if heights.size == 0 or abs(heights[-1] - 0.5) > 1e-5:
        raise ValueError(f"a ray at a box hits at heights {heights.tolist()} and not at 0.5")
    return f"embreex {metadata.version('embreex')}"


if __name__ == "__main__":
    try:
        sys.stdout.write(probe() + "\n")
    except ValueError as error:
        sys.exit(str(error))
