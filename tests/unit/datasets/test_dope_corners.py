"""The corner order of a file is the one of 24 rotations under which a box projects onto its points."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshsight.core.camera import Camera, project
from meshsight.core.pose import make_pose, sample_rotation, transform_points
from meshsight.datasets.annotate import cuboid_points
from meshsight.datasets.dope.corners import ALL_ORDERS, DOPE, ISAAC, LABEL_SIGNS, fit_boxes, order_errors
from meshsight.records.sample import Pose

CAMERA = Camera(fx=600.0, fy=520.0, cx=300.0, cy=260.0, size_hw=(480, 640))


def boxes(rng: np.random.Generator, count: int, least: float = 0.02) -> list[Pose]:
    found = []
    for _ in range(count):
        half = rng.uniform(least, 0.15, 3)
        centre = rng.uniform(-0.05, 0.05, 3)
        T = make_pose(sample_rotation(rng), rng.uniform([-0.5, -0.5, 0.8], [0.5, 0.5, 3.0]))
        found.append(Pose(T_cam_object=T, scale=1.0, box_low_m=centre - half, box_high_m=centre + half))
    return found


def seen(poses: list[Pose], order) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rays, focal lengths and rotations of boxes whose points are listed in an order."""
    ours = np.stack([project(CAMERA, transform_points(p.T_cam_object, cuboid_points(p))) for p in poses])
    listed = np.empty_like(ours)
    listed[:, list(order.positions)] = ours
    focal = np.tile([CAMERA.fx, CAMERA.fy], (len(poses), 1))
    rays = (listed - [CAMERA.cx, CAMERA.cy]) / focal[0]
    return rays, focal, np.stack([p.T_cam_object[:3, :3] for p in poses])


def test_there_are_24_orders_and_two_have_names():
    assert len(set(ALL_ORDERS)) == len({order.positions for order in ALL_ORDERS}) == 24
    assert [order.name for order in ALL_ORDERS[:3]] == ["DOPE's order", "Isaac's order", "right +x, down -y, front -z"]


def test_isaac_lists_dopes_corners_turned_half_round():
    """isaac[0..7] = dope[2, 3, 0, 1, 6, 7, 4, 5], by its documentation."""
    dope = {corner: place for corner, place in enumerate(DOPE.positions)}
    swapped = {place: other for place, other in enumerate([2, 3, 0, 1, 6, 7, 4, 5])} | {8: 8}
    assert [swapped[dope[corner]] for corner in range(9)] == list(ISAAC.positions)


@given(seed=st.integers(0, 2**32 - 1), k=st.integers(0, 23))
@settings(max_examples=30, derandomize=True, deadline=None)
def test_the_order_and_the_shape_are_found(seed, k):
    rng = np.random.default_rng(seed)
    poses = boxes(rng, 3)
    rays, focal, rotations = seen(poses, ALL_ORDERS[k])
    errors = order_errors(rays, focal, rotations)
    assert (errors.argmin(axis=1) == k).all()
    assert (errors[:, k] < 1e-6).all() and (np.delete(errors, k, axis=1) > 1.0).all()
    found = fit_boxes(rays, focal, rotations, ALL_ORDERS[k])
    for index, pose in enumerate(poses):
        half = (pose.box_high_m - pose.box_low_m) / 2
        centre = pose.T_cam_object[:3, :3] @ (pose.box_low_m + pose.box_high_m) / 2 + pose.T_cam_object[:3, 3]
        scale = np.linalg.norm(centre) / np.linalg.norm(found.centre[index])
        assert np.allclose(found.half[index] * scale, half, atol=1e-6)
        assert np.allclose(found.centre[index] * scale, centre, atol=1e-6)


def test_a_sheet_without_thickness_fits_its_order():
    rng = np.random.default_rng(4)
    poses = boxes(rng, 20, least=0.05)
    for pose in poses:
        pose.box_low_m[2] = pose.box_high_m[2]
    errors = order_errors(*seen(poses, ISAAC))
    assert (errors[:, ALL_ORDERS.index(ISAAC)] < 1e-5).all()
    assert (errors[:, ALL_ORDERS.index(DOPE)] > 1.0).all()


def test_unknown_points_count_for_nothing():
    poses = boxes(np.random.default_rng(5), 4)
    rays, focal, rotations = seen(poses, DOPE)
    rays[:, [0, 3, 8]] = np.nan
    assert (fit_boxes(rays, focal, rotations, DOPE).error_px < 1e-6).all()
    rays[:, 1:6] = np.nan
    assert np.isinf(fit_boxes(rays, focal, rotations, DOPE).error_px).all(), "three points are no evidence"


@pytest.mark.parametrize("noise_px", [0.3, 1.0])
def test_the_error_is_about_the_noise(noise_px):
    rng = np.random.default_rng(6)
    rays, focal, rotations = seen(boxes(rng, 50, least=0.06), DOPE)
    noisy = rays + rng.normal(0, noise_px, rays.shape) / focal[:, None]
    error = fit_boxes(noisy, focal, rotations, DOPE).error_px
    assert (error < 6 * noise_px).all() and np.median(error) > noise_px / 2


def test_a_published_sample_of_nvisii():
    """The first object of the example that DOPE's generator was published with, to four digits."""
    points = [[109.2533, 33.7508], [111.1114, 43.5250], [75.8842, 118.1418], [72.8515, 110.4068], [-27.0347, -21.8139],
              [-21.0562, -10.2503], [-60.9731, 63.5728], [-68.4283, 53.9901], [24.7166, 48.5608]]  # fmt: skip
    quaternion = np.array([0.618824, 0.096499, 0.161110, 0.762750])
    x, y, z, w = quaternion
    turned = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
    rays = (np.array([points]) - 250.0) / 603.5535
    errors = order_errors(rays, np.full((1, 2), 603.5535), turned[None])[0]
    assert ALL_ORDERS[int(errors.argmin())].name == "right -y, down -z, front +x"
    assert errors.min() < 0.01 and np.sort(errors)[1] > 40


def test_the_signs_are_dopes():
    """Front top right first, then around; the rear in the same way."""
    assert LABEL_SIGNS[:4, 2].tolist() == [1, 1, 1, 1]
    assert LABEL_SIGNS[:8].tolist() == [
        [1, -1, 1], [-1, -1, 1], [-1, 1, 1], [1, 1, 1], [1, -1, -1], [-1, -1, -1], [-1, 1, -1], [1, 1, -1],
    ]  # fmt: skip
