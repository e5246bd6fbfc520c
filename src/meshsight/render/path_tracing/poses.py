"""Poses as Blender takes them: position, quaternion and scale, in a world whose origin is the camera.

Blender counts in 32 bits. With the camera at the origin what is near it, and so large in the image, keeps the most
digits, wherever in the world the scene stands.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from meshsight.core.pose import Matrix3, Matrix4
from meshsight.records.scene import Motion, Scene

Pose = tuple[list[float], list[float], float]
"""Position in metres, quaternion w x y z, uniform scale."""

# Blender's camera looks along -z with y up, and so do its lamps.
_FLIP = np.diag([1.0, -1.0, -1.0])


@dataclass(frozen=True, slots=True)
class Stage:
    """The world around the camera.

    Attributes:
        eye: the camera's place in the scene's world.
        shutter_s: how long the shutter is open.
    """

    eye: Float[np.ndarray, "3"]
    shutter_s: float

    def place(self, position: Float[np.ndarray, "3"]) -> list[float]:
        """Returns a point."""
        return (np.asarray(position, dtype=np.float64) - self.eye).tolist()

    def pose(self, T_world_object: Matrix4, scale: float = 1.0) -> Pose:
        """Returns the pose of an object whose axes mean the same to Blender."""
        return self.place(T_world_object[:3, 3]), _quaternion(T_world_object[:3, :3]), scale

    def facing(self, T_world_object: Matrix4) -> Pose:
        """Returns the pose of a camera or lamp that looks along its own +z."""
        return self.place(T_world_object[:3, 3]), _quaternion(T_world_object[:3, :3] @ _FLIP), 1.0

    def moved(self, T_world_object: Matrix4, motion: Motion, part: float) -> Matrix4:
        """Returns where something is at a part of the shutter time before (-0.5) or after (0.5) its middle."""
        seconds = part * self.shutter_s
        moved = np.array(T_world_object, dtype=np.float64)
        turn = Rotation.from_rotvec(np.asarray(motion.spin) * seconds).as_matrix()
        moved[:3, :3] = turn @ moved[:3, :3]
        moved[:3, 3] += np.asarray(motion.velocity) * seconds
        return moved


def stage_of(scene: Scene) -> Stage:
    """Returns the world around a scene's camera."""
    return Stage(eye=np.asarray(scene.T_world_cam[:3, 3], dtype=np.float64), shutter_s=scene.shutter_s)


def _quaternion(rotation: Matrix3) -> list[float]:
    return Rotation.from_matrix(rotation).as_quat(scalar_first=True).tolist()
