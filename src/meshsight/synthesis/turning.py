"""Rotations of objects, as a recipe describes them."""

import numpy as np
from scipy.spatial.transform import Rotation

from meshsight.core.pose import Matrix3, rotation_about_z, sample_rotation
from meshsight.specs.ranges import AnyDistribution
from meshsight.specs.rotations import AnyRotation, EulerRotation, TiltRotation, YawRotation
from meshsight.synthesis.sampling import describe, sample


def draw_rotation(spec: AnyRotation | YawRotation | TiltRotation | EulerRotation, rng: np.random.Generator) -> Matrix3:
    """Draws a rotation matrix."""
    match spec:
        case AnyRotation():
            return sample_rotation(rng)
        case YawRotation():
            return rotation_about_z(float(np.deg2rad(sample(spec.yaw_deg, rng))))
        case TiltRotation():
            return draw_tilt(spec.tilt_deg, rng)
        case EulerRotation():
            angles = [sample(drawn, rng) for drawn in (spec.x_deg, spec.y_deg, spec.z_deg)]
            return np.asarray(Rotation.from_euler("xyz", angles, degrees=True).as_matrix(), dtype=np.float64)


def draw_tilt(tilt_deg: AnyDistribution, rng: np.random.Generator) -> Matrix3:
    """Draws a lean away from upright about a random horizontal axis, after a random turn about the vertical."""
    tilt, heading = np.deg2rad(sample(tilt_deg, rng)), rng.uniform(0.0, 2.0 * np.pi)
    c, s = np.cos(tilt), np.sin(tilt)
    lean = np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])
    turn = rotation_about_z(heading)
    return turn @ lean @ turn.T @ rotation_about_z(rng.uniform(0.0, 2.0 * np.pi))


def describe_rotation(spec: AnyRotation | YawRotation | TiltRotation | EulerRotation) -> str:
    """Returns a rotation's distributions in the words of a recipe."""
    match spec:
        case AnyRotation():
            return "rotation uniform over SO(3)"
        case YawRotation():
            return f"yaw_deg {describe(spec.yaw_deg)}"
        case TiltRotation():
            return f"tilt_deg {describe(spec.tilt_deg)}"
        case EulerRotation():
            return f"euler {describe(spec.x_deg)} {describe(spec.y_deg)} {describe(spec.z_deg)}"
