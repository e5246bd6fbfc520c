"""Ids and depth by rays through pixel centres, also through a lens that bends: exact whatever the camera."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Float32, Int32

from meshsight.core.pose import Matrix4, invert_pose
from meshsight.records.scene import Scene
from meshsight.render.rays.body import PlacedBody
from meshsight.render.rays.tracing import Tracer, image_window, pixel_rays


def trace_labels(
    scene: Scene, placed: Sequence[PlacedBody]
) -> tuple[Int32[np.ndarray, "h w"], Float32[np.ndarray, "h w"]]:
    """Returns the id of the nearest object at each pixel, 0 for ground, walls and nothing, and the planar depth."""
    rays = pixel_rays(scene.camera, image_window(scene.camera))
    hits = Tracer(placed).first_hits(rays, scene.near_m, scene.far_m)
    own = np.array([*(item.thing.instance_id for item in placed), 0], dtype=np.int32)
    ids, depth = own[hits.body], hits.depth_m
    T_cam_world = invert_pose(scene.T_world_cam)
    for T_world_plane, size_m in _planes(scene):
        there = _plane_depth(rays, T_cam_world @ T_world_plane, size_m)
        is_first = (there >= scene.near_m) & (there <= scene.far_m) & (there < depth)
        ids, depth = np.where(is_first, 0, ids), np.where(is_first, there, depth)
    depth = np.where(np.isfinite(depth), depth, 0.0)
    return ids.reshape(scene.camera.size_hw), depth.reshape(scene.camera.size_hw).astype(np.float32)


def _planes(scene: Scene) -> list[tuple[Matrix4, tuple[float, float]]]:
    planes = [(wall.T_world_wall, wall.size_m) for wall in scene.walls]
    if scene.ground is not None:
        pose, side = np.eye(4), 2 * scene.ground.half_size_m
        pose[2, 3] = scene.ground.z_m
        planes.append((pose, (side, side)))
    return planes


def _plane_depth(
    rays: Float[np.ndarray, "n 3"], T_cam_plane: Matrix4, size_m: tuple[float, float]
) -> Float[np.ndarray, " n"]:
    """Returns the planar depth at which rays meet a rectangle, infinite where they do not."""
    origin, normal = T_cam_plane[:3, 3], T_cam_plane[:3, 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        depth = (normal @ origin) / (rays @ normal)
        local = (rays * depth[:, None] - origin) @ T_cam_plane[:3, :2]
        is_inside = (np.abs(local) <= 0.5 * np.asarray(size_m)).all(axis=1)
    return np.where(is_inside, depth, np.inf)
