"""An object's sprite laid over the image: colour, coverage, depth and silhouette where it stands now.

Shapes: wh, ww the object's window of the silhouette canvas.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8

from meshsight.core.camera import Camera, unproject
from meshsight.core.pose import Matrix3, Matrix4
from meshsight.records.scene import Scene, SceneObject
from meshsight.render.sprites.sprite import Shot, Sprite, sprite_places
from meshsight.render.window import Window

# Coverage from here on makes a pixel the object's: one half.
HALF = 128


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layer:
    """What one object adds to the image.

    Attributes:
        thing: the object.
        window: where `color` lies on the canvas.
        color: sRGB times alpha, and alpha, 0..255.
        depth_m: planar, wherever alpha reaches one half.
        distance: of the object's middle, which orders the layers.
        alone: the object's pixels on the canvas where another pass knows them better than alpha does, or None.
    """

    thing: SceneObject
    window: Window
    color: UInt8[np.ndarray, "wh ww 4"]
    depth_m: Float32[np.ndarray, "wh ww"]
    distance: float
    alone: Bool[np.ndarray, "wh ww"] | None = None

    @property
    def covered(self) -> Bool[np.ndarray, "wh ww"]:
        """The object's pixels: those that it covers by half or more."""
        return self.color[:, :, 3] >= HALF


def lay(sprite: Sprite, shot: Shot, thing: SceneObject, window: Window, scene: Scene, T_cam_object: Matrix4) -> Layer:
    """Lays a sprite where its object stands: its own view, turned about the camera's centre."""
    R_sprite_cam = shot.R_sprite_object @ T_cam_object[:3, :3].T
    x, y, forward = sprite_places(sprite, _turned_rays(scene.camera, window, R_sprite_cam))
    color = cv2.remap(sprite.color, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=(0, 0, 0, 0))
    inverse = cv2.remap(sprite.inverse_depth, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) * forward
    depth = np.where(inverse > 0, 1.0 / np.maximum(inverse, 1e-12), 0.0)
    return Layer(
        thing=thing,
        window=window,
        color=np.asarray(color),
        depth_m=depth.astype(np.float32),
        distance=float(np.linalg.norm(T_cam_object[:3, 3])),
    )


def _turned_rays(camera: Camera, window: Window, R_sprite_cam: Matrix3) -> Float32[np.ndarray, "3 wh ww"]:
    """Returns the rays of depth 1 through a window's pixel centres, turned into a sprite's camera.

    A pinhole's are sums of a part for the column and one for the row.
    """
    u, v = np.arange(window.left, window.right) + 0.5, np.arange(window.top, window.bottom) + 0.5
    if camera.lens is None:
        along = R_sprite_cam[:, :1] * ((u - camera.cx) / camera.fx)
        down = R_sprite_cam[:, 1:2] * ((v - camera.cy) / camera.fy) + R_sprite_cam[:, 2:]
        return along.astype(np.float32)[:, None, :] + down.astype(np.float32)[:, :, None]
    columns, rows = np.meshgrid(u, v)
    rays = unproject(camera, np.stack([columns.ravel(), rows.ravel()], axis=1), np.ones(columns.size))
    return (R_sprite_cam @ rays.T).reshape(3, *columns.shape).astype(np.float32)
