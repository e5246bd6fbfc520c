"""The one pose that is labelled of all those in which a symmetric object looks the same.

Of the poses `T_cam_object @ S`, S a symmetry, the one is taken whose axes come nearest to the camera's, as DOPE's
generator does (NVlabs/Deep_Object_Pose, data_generation/readme.md). It tries 64 turns about an axis of continuous
symmetry; here the best turn is computed: with u the camera's axis in the object and p the object's axis, the cosine
u . R(a, angle) p is a constant plus cos(angle) u . (p - a (a . p)) + sin(angle) u . (a x p).
"""

import math
from collections.abc import Iterator

import numpy as np

from meshsight.core.pose import Matrix3, Matrix4, Vector3, make_pose, rotation_about
from meshsight.specs.symmetry import AlignedAxes, ContinuousSymmetry, SymmetrySpec

_TIE = 1e-3
"""Cosines this near are equal, and the second pair of axes decides; the source's number."""
_FLAT = 1e-9


def canonical_pose(T_cam_object: Matrix4, scale: float, symmetry: SymmetrySpec) -> Matrix4:
    """Returns the pose that is labelled, equal to `T_cam_object` in looks.

    Args:
        T_cam_object: where the object is.
        scale: factor on its vertices, which moves the places of its symmetries.
        symmetry: of its mesh before that.
    """
    if _is_ball(symmetry):
        return _ball_pose(T_cam_object, scale, symmetry)
    poses = [T_cam_object @ same for same in _symmetries(T_cam_object[:3, :3], scale, symmetry)]
    cosines = [_cosine(pose[:3, :3], symmetry.align[0]) for pose in poses]
    if len(symmetry.align) == 1:
        return poses[int(np.argmax(cosines))]
    tied = [pose for pose, cosine in zip(poses, cosines, strict=True) if cosine >= max(cosines) - _TIE]
    return max(tied, key=lambda pose: _cosine(pose[:3, :3], symmetry.align[1]))


def _is_ball(symmetry: SymmetrySpec) -> bool:
    """Tells whether it may turn about two axes, and so about any."""
    axes = [_unit(one.axis) for one in symmetry.continuous]
    return any(float(np.linalg.norm(np.cross(axes[0], axis))) > _TIE for axis in axes[1:])


def _ball_pose(T_cam_object: Matrix4, scale: float, symmetry: SymmetrySpec) -> Matrix4:
    """Returns the pose of a ball that brings the first axes together, and the second as near as that allows."""
    objects = [_unit(pair.object) for pair in symmetry.align]
    cameras = [_unit(pair.camera) for pair in symmetry.align]
    rotation = _frame(cameras) @ _frame(objects).T
    centre = scale * np.array(symmetry.continuous[0].offset)
    return make_pose(rotation, T_cam_object[:3, :3] @ centre + T_cam_object[:3, 3] - rotation @ centre)


def _frame(directions: list[Vector3]) -> Matrix3:
    """Returns axes of which the first is the first direction, and the second is in the plane of both."""
    first = directions[0]
    spare = np.eye(3)[int(np.argmin(np.abs(first)))]
    third = np.cross(first, directions[-1])
    third = third if np.linalg.norm(third) > _TIE else np.cross(first, spare)
    third /= np.linalg.norm(third)
    return np.stack([first, np.cross(third, first), third], axis=1)


def _symmetries(rotation: Matrix3, scale: float, symmetry: SymmetrySpec) -> Iterator[Matrix4]:
    """Yields the discrete symmetries, that at rest first, each with its best turn about each continuous axis."""
    at_rest = np.eye(4)
    for numbers in (at_rest.ravel(), *symmetry.discrete):
        same = np.array(numbers, dtype=np.float64).reshape(4, 4)
        same[:3, 3] *= scale
        if not symmetry.continuous:
            yield same
        for continuous in symmetry.continuous:
            yield _best_turn(rotation, same[:3, :3], scale, continuous, symmetry.align) @ same


def _best_turn(
    rotation: Matrix3, same: Matrix3, scale: float, continuous: ContinuousSymmetry, align: tuple[AlignedAxes, ...]
) -> Matrix4:
    """Returns the turn about an axis, after a discrete symmetry, that brings the axes nearest to the camera's."""
    axis = _unit(continuous.axis)
    offset = scale * np.array(continuous.offset)
    for pair in align:
        wanted, moved = rotation.T @ _unit(pair.camera), same @ _unit(pair.object)
        along, across = float(wanted @ (moved - axis * (axis @ moved))), float(wanted @ np.cross(axis, moved))
        if math.hypot(along, across) > _FLAT:
            turn = rotation_about(axis, math.atan2(across, along))
            return make_pose(turn, offset - turn @ offset)
    return np.eye(4)


def _cosine(rotation: Matrix3, pair: AlignedAxes) -> float:
    return float(_unit(pair.camera) @ rotation @ _unit(pair.object))


def _unit(vector: tuple[float, float, float]) -> Vector3:
    return np.array(vector, dtype=np.float64) / np.linalg.norm(vector)
