"""Rigid poses as 4x4 float64 matrices.

`T_a_b` maps points of frame b into frame a, so `T_a_c = T_a_b @ T_b_c`. Cameras look along +z with x to the right
and y down (OpenCV); the world's z points up. Quaternions are xyzw.
"""

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

Matrix4 = Float[np.ndarray, "4 4"]
Matrix3 = Float[np.ndarray, "3 3"]
Vector3 = Float[np.ndarray, "3"]
Points3 = Float[np.ndarray, "n 3"]


def make_pose(rotation: Matrix3, translation: Vector3) -> Matrix4:
    """Builds a pose from a rotation matrix and a translation in metres."""
    pose = np.eye(4)
    pose[:3, :3] = rotation
    pose[:3, 3] = translation
    return pose


def invert_pose(T_a_b: Matrix4) -> Matrix4:
    """Returns `T_b_a` of a rigid `T_a_b`."""
    rotation = T_a_b[:3, :3].T
    return make_pose(rotation, -rotation @ T_a_b[:3, 3])


def transform_points(T_a_b: Matrix4, points_b: Points3) -> Points3:
    """Maps points (n, 3) of frame b into frame a."""
    return points_b @ T_a_b[:3, :3].T + T_a_b[:3, 3]


def look_at(eye: Vector3, target: Vector3, roll_rad: float, up: Vector3 | None = None) -> Matrix4:
    """Returns `T_world_cam` of a camera at `eye` that looks at `target`, rolled about its axis.

    At zero roll the image's up direction is `up`, or the world's z, as far as the view allows; along it, it is y.
    A positive roll turns the camera clockwise as seen from behind it.

    Raises:
        ValueError: eye and target coincide.
    """
    forward = target - eye
    length = float(np.linalg.norm(forward))
    if length < 1e-12:
        raise ValueError("look_at needs two different points")
    forward = forward / length
    up = np.array([0.0, 0.0, 1.0]) if up is None else up
    if abs(forward @ up) > 0.999999:
        up = np.array([0.0, 1.0, 0.0]) if abs(forward[1]) < 0.999999 else np.array([1.0, 0.0, 0.0])
    right = np.cross(forward, up)
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    upright = np.stack([right, down, forward], axis=1)
    c, s = np.cos(roll_rad), np.sin(roll_rad)
    roll = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
    return make_pose(upright @ roll, eye)


def quaternion_from_matrix(rotation: Matrix3) -> Float[np.ndarray, "4"]:
    """Returns the unit quaternion xyzw with w >= 0."""
    quaternion = Rotation.from_matrix(rotation).as_quat(canonical=True)
    return np.asarray(quaternion, dtype=np.float64)


def matrix_from_quaternion(quaternion_xyzw: Float[np.ndarray, "4"]) -> Matrix3:
    """Returns the rotation matrix of a quaternion xyzw of any positive length."""
    return np.asarray(Rotation.from_quat(quaternion_xyzw).as_matrix(), dtype=np.float64)


def sample_rotation(rng: np.random.Generator) -> Matrix3:
    """Draws a rotation matrix uniformly over SO(3)."""
    return matrix_from_quaternion(rng.standard_normal(4))


def rotation_about_z(angle_rad: float) -> Matrix3:
    """Returns the rotation by an angle about the z axis, counter-clockwise seen from +z."""
    c, s = np.cos(angle_rad), np.sin(angle_rad)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def rotation_about(axis: Vector3, angle_rad: float) -> Matrix3:
    """Returns the rotation by an angle about a unit axis, counter-clockwise seen from where it points."""
    return np.asarray(Rotation.from_rotvec(angle_rad * axis).as_matrix())
