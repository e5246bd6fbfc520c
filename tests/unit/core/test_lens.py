"""The lens against OpenCV, against itself, and where it ends."""

import cv2
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from meshsight.core.camera import Camera, camera_from_fov, project, unproject
from meshsight.core.lens import Lens, lens_of

LENSES = [
    (-0.28, 0.07, 0.001, -0.0005, 0.0),
    (0.2, 0.05, -0.003, 0.002, 0.01),
    (-0.2, 0.03, 0.01, 0.01, -0.002),
    (0.0, 0.0, 0.02, -0.01, 0.0),
    (-0.3, 0.0, 0.0, 0.0, 0.0),
]


def camera_of(coefficients) -> Camera:
    return Camera(fx=600.0, fy=620.0, cx=310.3, cy=250.9, size_hw=(480, 640), distortion=coefficients)


def pixels_of(camera: Camera, step: int) -> np.ndarray:
    height, width = camera.size_hw
    u, v = np.meshgrid(np.arange(0, width + 1, step), np.arange(0, height + 1, step))
    return np.stack([u.ravel(), v.ravel()], axis=1).astype(np.float64)


@pytest.mark.parametrize("coefficients", LENSES)
def test_projection_is_opencvs(coefficients) -> None:
    camera = camera_of(coefficients)
    rng = np.random.default_rng(0)
    points = rng.uniform((-0.5, -0.4, 1.0), (0.5, 0.4, 1.0), (500, 3)) * rng.uniform(0.2, 9.0, (500, 1))
    theirs, _ = cv2.projectPoints(points, np.zeros(3), np.zeros(3), camera.K, np.array(coefficients))
    np.testing.assert_allclose(project(camera, points), theirs[:, 0], atol=1e-9)


@pytest.mark.parametrize("coefficients", LENSES)
def test_back_projection_is_opencvs(coefficients) -> None:
    camera = camera_of(coefficients)
    pixels = pixels_of(camera, 32)
    mine = unproject(camera, pixels, np.full(len(pixels), 2.0))
    np.testing.assert_allclose(project(camera, mine), pixels, atol=1e-6)
    theirs = cv2.undistortPoints(pixels[:, None], camera.K, np.array(coefficients), None, None, None)[:, 0]
    near = np.linalg.norm(theirs, axis=1) < 0.35  # theirs takes five steps of a slower method
    np.testing.assert_allclose(mine[near, :2] / 2.0, theirs[near], atol=2e-4)


def test_an_undistorted_picture_is_opencvs() -> None:
    """Where each pixel of a picture without distortion is found in one with it."""
    camera = camera_of(LENSES[0])
    map_x, map_y = cv2.initUndistortRectifyMap(
        camera.K, np.array(camera.distortion), None, camera.K, (640, 480), cv2.CV_32FC1
    )
    pixels = np.array([[5.0, 7.0], [320.0, 240.0], [600.0, 400.0]])
    pinhole = Camera(fx=600.0, fy=620.0, cx=310.3, cy=250.9, size_hw=(480, 640))
    mine = project(camera, unproject(pinhole, pixels, np.ones(3)))
    columns, rows = pixels.astype(int).T
    np.testing.assert_allclose(mine, np.stack([map_x[rows, columns], map_y[rows, columns]], axis=1), atol=1e-3)


@given(st.tuples(*[st.floats(-0.4, 0.4)] * 2, *[st.floats(-0.02, 0.02)] * 2, st.floats(-0.2, 0.2)))
def test_within_its_field_no_two_points_are_seen_at_one_place(coefficients) -> None:
    assume(any(coefficients))
    lens = Lens(coefficients)
    radius = min(lens.field_radius, 3.0)
    rng = np.random.default_rng(0)
    points = rng.uniform(-1, 1, (300, 2))
    points = points[np.linalg.norm(points, axis=1) < 1] * radius * 0.999
    xx, xy, yy = lens.jacobians(points).T
    assert (xx * yy - xy * xy > 0).all() and (xx + yy > 0).all()
    np.testing.assert_allclose(lens.undistort(lens.distort(points)), points, atol=1e-5)


def test_the_jacobian_is_the_derivative() -> None:
    lens = Lens(LENSES[2])
    points = np.random.default_rng(1).uniform(-0.5, 0.5, (50, 2))
    step = 1e-6
    for axis, (row, column) in enumerate([(0, 1), (1, 2)]):
        shift = step * np.eye(2)[axis]
        difference = (lens.distort(points + shift) - lens.distort(points - shift)) / (2 * step)
        np.testing.assert_allclose(difference, lens.jacobians(points)[:, [row, column]], atol=1e-8)


def test_the_field_ends_where_a_barrel_folds() -> None:
    """d/dr (r + k r^3) = 0 at r = 1 / sqrt(-3 k), where the point is seen at two thirds of r."""
    lens = Lens((-0.3, 0.0, 0.0, 0.0, 0.0))
    edge = 1 / np.sqrt(0.9)
    assert lens.field_radius == pytest.approx(edge, abs=1e-9)
    seen = lens.distort(np.array([[edge - 1e-6, 0.0], [edge + 1e-6, 0.0]]))
    assert seen[0, 0] == pytest.approx(2 / 3 * edge) and np.isnan(seen[1]).all()
    found = lens.undistort(np.array([[0.99 * 2 / 3 * edge, 0.0], [1.01 * 2 / 3 * edge, 0.0]]))
    assert found[0, 0] < edge and np.isnan(found[1]).all()


def test_without_coefficients_there_is_no_lens() -> None:
    assert lens_of((0.0, 0.0, 0.0, 0.0, 0.0)) is None and camera_from_fov(1.0, (4, 4)).lens is None


def test_a_camera_refuses_a_lens_that_folds_within_the_image() -> None:
    with pytest.raises(ValueError, match="folds within the image with k1 -0") as caught:
        camera_from_fov(1.2, (480, 640), (-0.5, 0.0, 0.0, 0.0, 0.0))
    assert "\n" not in str(caught.value)
    assert camera_from_fov(0.5, (480, 640), (-0.5, 0.0, 0.0, 0.0, 0.0)).lens is not None
