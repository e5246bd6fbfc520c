"""Rays through pixel centres, and what they hit first.

A ray's direction has depth 1, so the distance along it is the planar depth z. Shapes: n rays.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from embreex.mesh_construction import TriangleMesh
from embreex.rtcore_scene import EmbreeScene
from jaxtyping import Bool, Float, Float32, Int

from meshsight.core.camera import Camera, unproject
from meshsight.render.rays.body import PlacedBody
from meshsight.render.window import Window


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Hits:
    """What each ray hits first between the clip planes.

    Attributes:
        rays: directions of depth 1 in the camera's frame.
        body, face: indices of the body and its triangle; -1 where nothing is hit.
        depth_m: planar depth, infinite where nothing is hit.
        second, third: barycentric weights of the triangle's second and third corner.
    """

    rays: Float[np.ndarray, "n 3"]
    body: Int[np.ndarray, " n"]
    face: Int[np.ndarray, " n"]
    depth_m: Float[np.ndarray, " n"]
    second: Float32[np.ndarray, " n"]
    third: Float32[np.ndarray, " n"]


class Tracer:
    """The bodies of a scene in one bounding volume hierarchy; robust, so that no ray slips between two triangles."""

    def __init__(self, bodies: Sequence[PlacedBody]) -> None:
        self._scene = EmbreeScene(robust=True)
        self._is_empty = not bodies
        # Embree keeps no copy of what it was given: the meshes must outlive the scene.
        self._meshes = [TriangleMesh(self._scene, placed.vertices_cam, placed.body.faces) for placed in bodies]

    def first_hits(self, rays: Float[np.ndarray, "n 3"], near_m: float, far_m: float) -> Hits:
        """Traces rays of depth 1 from the camera, from the near to the far plane; a ray of NaN hits nothing."""
        count = len(rays)
        if self._is_empty or count == 0:
            nothing, zero = np.full(count, -1), np.zeros(count, dtype=np.float32)
            return Hits(rays=rays, body=nothing, face=nothing, depth_m=np.full(count, np.inf), second=zero, third=zero)
        is_ray = np.isfinite(rays[:, 0])
        sent = np.where(is_ray[:, None], rays, (0.0, 0.0, -1.0))
        found = self._scene.run((sent * near_m).astype(np.float32), sent.astype(np.float32), output=1)
        depth = found["tfar"].astype(np.float64) + near_m
        is_hit = (found["geomID"] >= 0) & (depth <= far_m) & is_ray
        return Hits(
            rays=rays,
            body=np.where(is_hit, found["geomID"], -1),
            face=np.where(is_hit, found["primID"], -1),
            depth_m=np.where(is_hit, depth, np.inf),
            second=found["u"],
            third=found["v"],
        )

    def is_blocked(self, points: Float[np.ndarray, "n 3"], direction: Float[np.ndarray, "3"]) -> Bool[np.ndarray, " n"]:
        """Tells which points cannot be seen from far away in a direction."""
        if self._is_empty or len(points) == 0:
            return np.zeros(len(points), dtype=bool)
        directions = np.broadcast_to(direction, points.shape).astype(np.float32)
        return self._scene.run(points.astype(np.float32), directions, query="OCCLUDED") >= 0

    def is_blocked_on_the_way(
        self, points: Float[np.ndarray, "n 3"], towards: Float[np.ndarray, "n 3"]
    ) -> Bool[np.ndarray, " n"]:
        """Tells between which points and the ends of vectors from them something lies."""
        if self._is_empty or len(points) == 0:
            return np.zeros(len(points), dtype=bool)
        lengths = np.ones(len(points), dtype=np.float32)
        start, along = points.astype(np.float32), towards.astype(np.float32)
        return self._scene.run(start, along, dists=lengths, query="OCCLUDED") >= 0


def pixel_rays(camera: Camera, window: Window) -> Float[np.ndarray, "n 3"]:
    """Returns the rays of depth 1 through the pixel centres of a window, row by row; NaN where a lens shows nothing."""
    u, v = np.meshgrid(np.arange(window.left, window.right) + 0.5, np.arange(window.top, window.bottom) + 0.5)
    return unproject(camera, np.stack([u.ravel(), v.ravel()], axis=1), np.ones(u.size))


def image_window(camera: Camera) -> Window:
    """Returns the window that is the image itself."""
    return Window(0, 0, camera.size_hw[1], camera.size_hw[0], is_cut=False)
