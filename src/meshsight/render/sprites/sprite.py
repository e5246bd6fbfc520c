"""One object's picture as a camera sees it that looks straight at it, and how it is taken.

Turning a camera about its own centre moves what it sees by a homography, so a sprite serves for every place in the
image and every roll, exactly, as long as the object stands where it stood relative to the camera's centre.
Shapes: n the sprite's side.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from meshsight.core.camera import Camera
from meshsight.core.pose import Matrix3, Matrix4, Points3, Vector3, make_pose, transform_points
from meshsight.records.frame import Frame
from meshsight.records.scene import PlainBackground, Scene, SceneObject, SensorDraw

# Sprites are drawn twice as large as they are kept, and averaged: so a border pixel knows its coverage.
_OVERSIZE = 2
# Pixels of a sprite to one of the image's middle; towards the corners a pinhole's pixels see smaller angles.
_DENSITY = 1.25
_MARGIN_PX = 3
_LARGEST_PX = 2048
# A camera nearer than this many radii sees a sphere under more than a planar picture should hold.
_NEAREST_RADII = 1.3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sprite:
    """What a camera that looks straight at an object sees of it.

    Attributes:
        focal: in the sprite's pixels; the principal point is the middle.
        color: sRGB times alpha, and alpha, both 0..255; alpha is how much of a pixel the object covers.
        inverse_depth: 1 / planar depth in 1 / metres; carried on around the object, and 0 far from it.
    """

    focal: float
    color: UInt8[np.ndarray, "n n 4"]
    inverse_depth: Float32[np.ndarray, "n n"]

    @property
    def num_bytes(self) -> int:
        """Memory of the arrays."""
        return self.color.nbytes + self.inverse_depth.nbytes

    def release(self) -> None:
        """Does nothing: the arrays are freed with the sprite."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Shot:
    """How a sprite is to be taken.

    Attributes:
        scene: the object alone before a camera that looks straight at it, in the scene's own light.
        R_sprite_object: the object's rotation in that camera.
    """

    scene: Scene
    R_sprite_object: Matrix3


def plan_shot(scene: Scene, thing: SceneObject, hull: Points3) -> Shot | None:
    """Returns how to take an object's sprite, or None where it is too near, too large or clipped for one.

    Args:
        scene: what the object is part of.
        thing: the object.
        hull: the mesh's hull points in its own frame.
    """
    T_cam_object = taken_pose(scene, thing)
    points = hull * thing.scale
    middle = 0.5 * (points.min(axis=0) + points.max(axis=0))
    radius = float(np.linalg.norm(points - middle, axis=1).max())
    center = transform_points(T_cam_object, middle[None])[0]
    distance = float(np.linalg.norm(center))
    depth = transform_points(T_cam_object, points)[:, 2]
    if depth.min() <= scene.near_m or depth.max() >= scene.far_m or distance < _NEAREST_RADII * radius:
        return None
    R_sprite_cam = _towards(center / distance)
    focal = _OVERSIZE * _DENSITY * max(scene.camera.fx, scene.camera.fy)
    half = focal * radius / np.sqrt(distance**2 - radius**2)
    side = 2 * _OVERSIZE * (int(np.ceil(half / _OVERSIZE)) + _MARGIN_PX)
    if side > _LARGEST_PX:
        return None
    camera = Camera(fx=focal, fy=focal, cx=side / 2, cy=side / 2, size_hw=(side, side))
    alone = replace(
        thing,
        instance_id=1,
        class_id=None,
        T_world_object=scene.T_world_cam @ T_cam_object,
        T_cam_taken=None,
    )
    shot = replace(
        scene,
        frame=0,
        camera=camera,
        T_world_cam=scene.T_world_cam @ make_pose(R_sprite_cam.T, np.zeros(3)),
        objects=(alone,),
        ground=None,
        walls=(),
        background=PlainBackground(color=(0.0, 0.0, 0.0)),
        sensor=SensorDraw(),
        blending="alpha",
        layout=None,
        near_m=max(0.5 * (distance - radius), 1e-3 * radius),
        far_m=2.0 * (distance + radius),
        origins={},
    )
    return Shot(scene=shot, R_sprite_object=R_sprite_cam @ T_cam_object[:3, :3])


def taken_pose(scene: Scene, thing: SceneObject) -> Matrix4:
    """Returns where an object stood in the camera when its picture was taken: where it stands, unless told else."""
    if thing.T_cam_taken is not None:
        return thing.T_cam_taken
    R, t = scene.T_world_cam[:3, :3].T, scene.T_world_cam[:3, 3]
    return make_pose(R, -R @ t) @ thing.T_world_object


def _towards(direction: Vector3) -> Matrix3:
    """Returns the smallest rotation that turns a unit vector, before the camera, to the optical axis."""
    x, y, z = direction
    k = 1.0 / (1.0 + z)
    return np.array([[1 - k * x * x, -k * x * y, -x], [-k * x * y, 1 - k * y * y, -y], [x, y, z]])


def take(shot: Shot, render: Callable[[Scene], Frame]) -> Sprite:
    """Takes a sprite: once before black and once before white, whose difference is what the object leaves uncovered."""
    color, frame = see_through(shot.scene, render)
    side = color.shape[0] // _OVERSIZE
    small = np.asarray(cv2.resize(color, (side, side), interpolation=cv2.INTER_AREA))
    return Sprite(
        focal=shot.scene.camera.fx / _OVERSIZE, color=small, inverse_depth=_carried_on(inverse_of(frame.depth_m), side)
    )


def see_through(scene: Scene, render: Callable[[Scene], Frame]) -> tuple[UInt8[np.ndarray, "h w 4"], Frame]:
    """Returns colour times alpha, and alpha, of what stands in a scene, and its frame before black."""
    black, white = (
        render(replace(scene, background=PlainBackground(color=(value, value, value)), sensor=SensorDraw()))
        for value in (0.0, 1.0)
    )
    uncovered = white.rgb.astype(np.int16) - black.rgb
    alpha = np.clip(255 - np.rint(uncovered.mean(axis=2)), 0, 255).astype(np.uint8)
    return np.dstack([np.minimum(black.rgb, alpha[:, :, None]), alpha]), black


def inverse_of(depth_m: Float32[np.ndarray, "h w"]) -> Float32[np.ndarray, "h w"]:
    """Returns 1 / depth, and 0 where nothing is."""
    return np.where(depth_m > 0, 1.0 / np.maximum(depth_m, 1e-12), 0.0).astype(np.float32)


def _carried_on(inverse: Float32[np.ndarray, "m m"], side: int) -> Float32[np.ndarray, "n n"]:
    """Averages inverse depth, which is linear over a plane, over what is there, and carries it on outwards."""
    is_there = (inverse > 0).astype(np.float32)
    total, share = (
        np.asarray(cv2.resize(each, (side, side), interpolation=cv2.INTER_AREA)) for each in (inverse, is_there)
    )
    for _ in range(2):
        around = np.asarray(cv2.blur(total, (3, 3))), np.asarray(cv2.blur(share, (3, 3)))
        is_missing = share <= 0
        total, share = np.where(is_missing, around[0], total), np.where(is_missing, around[1], share)
    return np.where(share > 0, total / np.maximum(share, 1e-6), 0.0).astype(np.float32)


def sprite_places(
    sprite: Sprite, rays_in_sprite: Float32[np.ndarray, "3 h w"]
) -> tuple[Float32[np.ndarray, "h w"], Float32[np.ndarray, "h w"], Float32[np.ndarray, "h w"]]:
    """Returns where a sprite shows rays, x and y in OpenCV's pixels, and by what its inverse depth is to be multiplied.

    A point at planar depth z along a ray d of depth 1 lies at z (R d) in the sprite's camera: so 1/z is the sprite's
    inverse depth times the depth of R d. Rays that lead away from it land far outside.
    """
    forward = rays_in_sprite[2]
    factor = np.where(forward > 1e-6, np.float32(sprite.focal) / np.maximum(forward, 1e-6), np.float32(np.nan))
    # Our pixels' centres lie at one half, OpenCV's at whole numbers.
    middle = np.float32(0.5 * sprite.color.shape[0] - 0.5)
    x, y = (np.nan_to_num(side * factor + middle, nan=-1e4, posinf=-1e4, neginf=-1e4) for side in rays_in_sprite[:2])
    return x, y, np.nan_to_num(forward)
