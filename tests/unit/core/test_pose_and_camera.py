"""Poses, cameras and their frames against numbers worked out by hand and against inverses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshsight.core.camera import Camera, camera_from_fov, project, unproject
from meshsight.core.pose import (
    invert_pose,
    look_at,
    make_pose,
    matrix_from_quaternion,
    quaternion_from_matrix,
    rotation_about_z,
    sample_rotation,
    transform_points,
)

seeds = st.integers(0, 2**32 - 1)


def random_pose(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return make_pose(sample_rotation(rng), rng.uniform(-5, 5, 3))


@given(seeds)
def test_inverse_undoes_a_pose(seed: int) -> None:
    pose = random_pose(seed)
    points = np.random.default_rng(seed + 1).uniform(-3, 3, (7, 3))
    assert np.allclose(transform_points(invert_pose(pose), transform_points(pose, points)), points, atol=1e-12)
    assert np.allclose(pose @ invert_pose(pose), np.eye(4), atol=1e-12)


@given(seeds)
def test_quaternions_come_back(seed: int) -> None:
    rotation = random_pose(seed)[:3, :3]
    quaternion = quaternion_from_matrix(rotation)
    assert quaternion[3] >= 0
    assert np.isclose(np.linalg.norm(quaternion), 1)
    assert np.allclose(matrix_from_quaternion(quaternion), rotation, atol=1e-12)


def test_quaternion_is_xyzw() -> None:
    # A quarter turn about z: x = y = 0, z = w = sqrt(1/2).
    assert np.allclose(quaternion_from_matrix(rotation_about_z(np.pi / 2)), [0, 0, np.sqrt(0.5), np.sqrt(0.5)])


def test_uniform_rotations_have_no_preferred_direction() -> None:
    rng = np.random.default_rng(0)
    matrices = np.stack([sample_rotation(rng) for _ in range(4000)])
    # Each entry of a uniform rotation has mean 0 and variance 1/3.
    assert np.abs(matrices.mean(axis=0)).max() < 0.04
    assert np.abs(matrices.var(axis=0) - 1 / 3).max() < 0.03


def test_look_at_has_opencv_axes() -> None:
    # From (-2, 0, 0) towards the origin: forward is +x, right is -y, down is -z.
    pose = look_at(np.array([-2.0, 0, 0]), np.zeros(3), 0.0)
    expected = np.array([[0, 0, 1, -2], [-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1]], dtype=float)
    assert np.allclose(pose, expected)


@pytest.mark.parametrize("eye", [(0, 0, 3.0), (0, 0, -3.0), (1, 2, 3.0)])
@pytest.mark.parametrize("roll", [0.0, 0.7, -2.5])
def test_look_at_is_rigid_and_centres_the_target(eye: tuple[float, float, float], roll: float) -> None:
    target = np.array([0.1, -0.2, 0.3])
    pose = look_at(np.array(eye), target, roll)
    assert np.allclose(pose[:3, :3] @ pose[:3, :3].T, np.eye(3), atol=1e-12)
    assert np.linalg.det(pose[:3, :3]) == pytest.approx(1)
    in_camera = transform_points(invert_pose(pose), target[None])[0]
    assert np.allclose(in_camera[:2], 0, atol=1e-12)
    assert in_camera[2] > 0


def test_positive_roll_turns_the_camera_clockwise() -> None:
    pose = look_at(np.array([-2.0, 0, 0]), np.zeros(3), np.deg2rad(90))
    # The camera's right, seen from behind, now points down.
    assert np.allclose(pose[:3, 0], [0, 0, -1], atol=1e-12)


def test_look_at_refuses_equal_points() -> None:
    with pytest.raises(ValueError, match="two different points"):
        look_at(np.ones(3), np.ones(3), 0.0)


def test_projection_by_hand() -> None:
    camera = Camera(fx=100.0, fy=200.0, cx=30.0, cy=20.0, size_hw=(40, 60))
    pixels = project(camera, np.array([[0.5, -0.25, 2.0], [0, 0, 5], [1, 1, -1]]))
    assert np.allclose(pixels[0], [30 + 100 * 0.25, 20 - 200 * 0.125])
    assert np.allclose(pixels[1], [30, 20])
    assert np.isnan(pixels[2]).all()


@given(seeds)
def test_unproject_undoes_project(seed: int) -> None:
    rng = np.random.default_rng(seed)
    camera = Camera(fx=rng.uniform(50, 500), fy=rng.uniform(50, 500), cx=31.5, cy=8.25, size_hw=(40, 60))
    points = rng.uniform((-1, -1, 1), (1, 1, 3), (9, 3))
    assert np.allclose(unproject(camera, project(camera, points), points[:, 2]), points, atol=1e-12)


def test_field_of_view_reaches_the_borders() -> None:
    camera = camera_from_fov(np.deg2rad(90), (480, 640))
    assert np.allclose(camera.K, [[320, 0, 320], [0, 320, 240], [0, 0, 1]])
    assert np.allclose(project(camera, np.array([[-1.0, 0, 1], [1.0, 0, 1]]))[:, 0], [0, 640])


def test_a_camera_refuses_what_it_cannot_honour() -> None:
    with pytest.raises(ValueError, match="positive"):
        Camera(fx=0.0, fy=1.0, cx=0.0, cy=0.0, size_hw=(1, 1))
