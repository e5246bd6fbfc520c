import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshsight.core.camera import project
from meshsight.core.pose import invert_pose, transform_points
from meshsight.specs.base import parse_spec
from meshsight.synthesis.cameras import box, shell
from meshsight.synthesis.draws import Draws


def draw(module, frame=0, extent_m=0.5, size_hw=(480, 640), **fields):
    draws = Draws(seed=3, frame=frame, attempt=0)
    return module.build(parse_spec(module.Spec, fields, "camera")).draw(size_hw, extent_m, draws)


def is_rigid(pose):
    rotation = pose[:3, :3]
    np.testing.assert_allclose(rotation.T @ rotation, np.eye(3), atol=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1)
    np.testing.assert_array_equal(pose[3], [0, 0, 0, 1])
    return True


@given(st.integers(0, 1000))
@pytest.mark.parametrize("module", [shell, box])
def test_without_jitter_the_target_is_in_the_middle_of_the_image(module, frame):
    posed = draw(module, frame, jitter=0)
    assert is_rigid(posed.T_world_cam)
    origin = transform_points(invert_pose(posed.T_world_cam), np.zeros((1, 3)))
    np.testing.assert_allclose(project(posed.camera, origin), [[320, 240]], atol=1e-6)


@given(st.integers(0, 1000))
def test_the_shell_camera_keeps_to_its_ranges(frame):
    posed = draw(shell, frame, framing=None, distance_m=[1, 2], elevation_deg=[20, 40], azimuth_deg=[90, 180], jitter=0)
    eye = posed.T_world_cam[:3, 3]
    assert 1 <= np.linalg.norm(eye) <= 2
    assert 20 <= np.rad2deg(np.arcsin(eye[2] / np.linalg.norm(eye))) <= 40
    assert 90 <= np.rad2deg(np.arctan2(eye[1], eye[0])) <= 180
    assert 45 <= np.rad2deg(2 * np.arctan(320 / posed.camera.fx)) <= 65


def test_framing_makes_the_region_fill_that_share_of_the_shorter_side():
    posed = draw(shell, framing=0.8, jitter=0, roll_deg=0)
    cam = invert_pose(posed.T_world_cam)
    down = cam[:3, :3].T @ np.array([0.0, 1.0, 0.0]) * 0.5
    edges = project(posed.camera, transform_points(cam, np.stack([down, -down])))
    assert np.abs(edges[0, 1] - edges[1, 1]) == pytest.approx(0.8 * 480)


@given(st.integers(0, 1000))
def test_jitter_moves_the_target_within_its_ball(frame):
    posed = draw(shell, frame, jitter=0.2, extent_m=0.5)
    eye, forward = posed.T_world_cam[:3, 3], posed.T_world_cam[:3, 2]
    assert np.linalg.norm(eye - forward * (eye @ forward)) <= 0.2 * 0.5 + 1e-12


def test_roll_turns_the_image():
    upright, rolled = draw(shell, roll_deg=0), draw(shell, roll_deg=30)
    np.testing.assert_allclose(upright.T_world_cam[:3, 2:], rolled.T_world_cam[:3, 2:], atol=1e-12)
    assert upright.T_world_cam[:3, 0] @ rolled.T_world_cam[:3, 0] == pytest.approx(np.cos(np.deg2rad(30)))


@given(st.integers(0, 1000))
def test_the_box_camera_stays_in_its_box(frame):
    eye = draw(box, frame, x_m=[1, 2], y_m=[-3, -2], z_m=0.7).T_world_cam[:3, 3]
    assert 1 <= eye[0] <= 2
    assert -3 <= eye[1] <= -2
    assert eye[2] == 0.7


def test_a_calibration_is_taken_as_it_is():
    calibration = {"kind": "calibrated", "fx": 500, "fy": 510, "cx": 300, "cy": 250}
    camera = draw(shell, intrinsics=calibration).camera
    assert (camera.fx, camera.fy, camera.cx, camera.cy, camera.size_hw) == (500, 510, 300, 250, (480, 640))
