"""An object's sprite laid over the image: colour, coverage, depth and silhouette where it stands now.

Shapes: wh, ww the object's window of the silhouette canvas.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8

from meshsight.core.camera import unproject
from meshsight.core.pose import Matrix4
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
    u, v = np.meshgrid(np.arange(window.left, window.right) + 0.5, np.arange(window.top, window.bottom) + 0.5)
    rays = unproject(scene.camera, np.stack([u.ravel(), v.ravel()], axis=1), np.ones(u.size))
    R_sprite_cam = shot.R_sprite_object @ T_cam_object[:3, :3].T
    places, forward = sprite_places(sprite, R_sprite_cam, rays.reshape(*u.shape, 3))
    # From our pixels, whose centres lie at one half, to OpenCV's.
    x, y = np.ascontiguousarray(places[:, :, 0] - 0.5), np.ascontiguousarray(places[:, :, 1] - 0.5)
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
