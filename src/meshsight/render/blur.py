"""Depth of field and motion blur as the mean of sharp pictures, each from another place of the lens and another time.

A lens that is moved by (a, b) in its plane sees what is at depth z shifted by -f a / z pixels; moving the principal
point by f a / F keeps what is at the focused depth F where it was. The places fill the opening evenly (a sunflower's
spiral, Vogel, Mathematical Biosciences 44, 1979), the times the shutter; the two are shuffled against each other by the
base-2 radical inverse, so that neither shows in the other.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from meshsight.core.images import RgbImage
from meshsight.core.pose import Matrix4, make_pose
from meshsight.records.scene import Focus, Motion, Scene
from meshsight.render.features import moves
from meshsight.render.tone import decode_srgb, encode_srgb, to_image

_GOLDEN_ANGLE = float(np.pi * (3.0 - np.sqrt(5.0)))


def is_blurred(scene: Scene) -> bool:
    """Tells whether a scene has depth of field or motion."""
    return moves(scene) or (scene.focus is not None and scene.focus.aperture_m > 0)


def sharp_scenes(scene: Scene, count: int) -> Iterator[Scene]:
    """Yields the sharp scenes whose pictures are averaged."""
    places = _places_on_disk(count)
    for k in range(count):
        sharp = replace(scene, focus=None, shutter_s=0.0, camera_motion=None)
        if moves(scene):
            sharp = _at_time(sharp, scene, (_radical_inverse(k) - 0.5) * scene.shutter_s)
        if scene.focus is not None:
            sharp = _from_lens(sharp, scene.focus, 0.5 * scene.focus.aperture_m * places[k])
        yield sharp


def mean_picture(pictures: Iterable[RgbImage]) -> RgbImage:
    """Returns the mean of encoded pictures in decoded light.

    That is after the tone curve, so highlights that it compressed spread less far than behind a real lens.
    """
    total, count = np.zeros(1), 0
    for picture in pictures:
        total, count = total + _LIGHT[picture], count + 1
    return to_image(encode_srgb(total / count))


def moved(pose: Matrix4, motion: Motion | None, seconds: float) -> Matrix4:
    """Returns a pose in the world after some time of motion; negative times are before."""
    if motion is None:
        return pose
    turn = Rotation.from_rotvec(motion.spin * seconds).as_matrix()
    return make_pose(turn @ pose[:3, :3], pose[:3, 3] + motion.velocity * seconds)


def _at_time(sharp: Scene, scene: Scene, seconds: float) -> Scene:
    objects = tuple(
        replace(thing, T_world_object=moved(thing.T_world_object, thing.motion, seconds), motion=None)
        for thing in scene.objects
    )
    return replace(sharp, objects=objects, T_world_cam=moved(scene.T_world_cam, scene.camera_motion, seconds))


def _from_lens(sharp: Scene, focus: Focus, place: Float[np.ndarray, "2"]) -> Scene:
    pose, camera = sharp.T_world_cam.copy(), sharp.camera
    pose[:3, 3] += pose[:3, :2] @ place
    shifted = replace(
        camera,
        cx=camera.cx + float(camera.fx * place[0]) / focus.distance_m,
        cy=camera.cy + float(camera.fy * place[1]) / focus.distance_m,
    )
    return replace(sharp, T_world_cam=pose, camera=shifted)


def _places_on_disk(count: int) -> Float[np.ndarray, "n 2"]:
    index = np.arange(count)
    radius, angle = np.sqrt((index + 0.5) / count), index * _GOLDEN_ANGLE
    return radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _radical_inverse(index: int) -> float:
    """Mirrors the binary digits of a number at the point, and centres it in its interval of the next power of 2."""
    inverse, digit = 0.0, 0.5
    while index:
        inverse, index, digit = inverse + digit * (index & 1), index >> 1, 0.5 * digit
    return inverse


_LIGHT = decode_srgb(np.arange(256) / 255.0)
