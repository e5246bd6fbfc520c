"""One object of a frame, ready to be drawn: its geometry, where it is, and where it can be seen."""

from dataclasses import dataclass

import moderngl
import numpy as np

from meshsight.core.pose import Matrix4, transform_points
from meshsight.records.scene import Scene, SceneObject
from meshsight.render.gl.geometry import MeshGeometry
from meshsight.render.window import Window, object_window


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """An object with its geometry on the GPU.

    Attributes:
        cam_from_object: scale and pose, from the mesh's own frame into the camera's.
        window: the canvas pixels that it can cover.
        distance: depth of its hull's middle, which orders the drawing from front to back.
        is_before_camera: all of it lies beyond the near plane.
    """

    thing: SceneObject
    geometry: MeshGeometry
    cam_from_object: Matrix4
    window: Window
    distance: float
    is_before_camera: bool

    def set_culling(self, context: moderngl.Context, *, is_outside: bool) -> None:
        """Leaves back faces out where they cannot be seen: on a closed mesh, looked at from outside."""
        if self.geometry.is_closed and is_outside:
            context.enable(moderngl.CULL_FACE)
        else:
            context.disable(moderngl.CULL_FACE)


def place_object(thing: SceneObject, geometry: MeshGeometry, T_cam_world: Matrix4, scene: Scene) -> Placed:
    """Computes an object's matrix and window."""
    cam_from_object = T_cam_world @ thing.T_world_object @ np.diag([thing.scale, thing.scale, thing.scale, 1.0])
    hull_cam = transform_points(cam_from_object, geometry.hull)
    window = object_window(hull_cam, scene)
    return Placed(
        thing,
        geometry,
        cam_from_object,
        window,
        distance=float(hull_cam[:, 2].mean()),
        is_before_camera=bool(hull_cam[:, 2].min() > scene.near_m),
    )
