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
_NEAREST_HORIZON = 0.01


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
    color, inverse = _turned(sprite, scene.camera, window, R_sprite_cam) or _looked_up(
        sprite, scene.camera, window, R_sprite_cam
    )
    is_there = inverse > 0
    return Layer(
        thing=thing,
        window=window,
        color=color,
        depth_m=np.divide(np.float32(1.0), inverse, out=np.zeros_like(inverse), where=is_there),
        distance=float(np.linalg.norm(T_cam_object[:3, 3])),
    )


_Laid = tuple[UInt8[np.ndarray, "wh ww 4"], Float32[np.ndarray, "wh ww"]]


def _turned(sprite: Sprite, camera: Camera, window: Window, R_sprite_cam: Matrix3) -> _Laid | None:
    """Returns colour and inverse depth where two pinholes see each other by a homography, or None where they do not.

    The depth that a ray of depth 1 has in the sprite's camera is a sum of a part for the column and one for the row; it
    is smallest at a corner, and where it is not positive there, the homography has a horizon.
    """
    if camera.lens is not None:
        return None
    pixels = np.array([[1.0, 0.0, window.left + 0.5], [0.0, 1.0, window.top + 0.5], [0.0, 0.0, 1.0]])
    turn = R_sprite_cam @ np.linalg.inv(camera.K) @ pixels
    along = (turn[2, 0] * np.arange(window.width)).astype(np.float32)
    down = (turn[2, 1] * np.arange(window.height) + turn[2, 2]).astype(np.float32)
    if along.min() + down.min() < _NEAREST_HORIZON:
        return None
    middle = 0.5 * sprite.color.shape[0] - 0.5
    homography = np.array([[sprite.focal, 0.0, middle], [0.0, sprite.focal, middle], [0.0, 0.0, 1.0]]) @ turn
    flags, size = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, (window.width, window.height)
    color = cv2.warpPerspective(sprite.color, homography, size, flags=flags, borderMode=cv2.BORDER_CONSTANT)
    inverse = cv2.warpPerspective(sprite.inverse_depth, homography, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(color), np.asarray(inverse) * (along[None, :] + down[:, None])


def _looked_up(sprite: Sprite, camera: Camera, window: Window, R_sprite_cam: Matrix3) -> _Laid:
    """Returns colour and inverse depth, each pixel looked up where its own ray leads."""
    x, y, forward = sprite_places(sprite, _turned_rays(camera, window, R_sprite_cam))
    color = cv2.remap(sprite.color, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=(0, 0, 0, 0))
    inverse = cv2.remap(sprite.inverse_depth, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(color), np.asarray(inverse) * forward


def _turned_rays(camera: Camera, window: Window, R_sprite_cam: Matrix3) -> Float32[np.ndarray, "3 wh ww"]:
    """Returns the rays of depth 1 through a window's pixel centres, turned into a sprite's camera."""
    columns, rows = np.meshgrid(np.arange(window.left, window.right) + 0.5, np.arange(window.top, window.bottom) + 0.5)
    rays = unproject(camera, np.stack([columns.ravel(), rows.ravel()], axis=1), np.ones(columns.size))
    return (R_sprite_cam @ rays.T).reshape(3, *columns.shape).astype(np.float32)
