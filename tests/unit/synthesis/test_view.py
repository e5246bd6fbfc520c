import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshsight.core.camera import Camera, project
from meshsight.core.pose import look_at, make_pose, sample_rotation, transform_points
from meshsight.synthesis.body import Body, PlacedBody
from meshsight.synthesis.geometry import measure
from meshsight.synthesis.view import View, depth_for_size, is_clipped, overhang_of

UNEQUAL = Camera(fx=300.0, fy=420.0, cx=250.0, cy=140.0, size_hw=(320, 480))


def view_of(camera=UNEQUAL, pose=None):
    pose = np.eye(4) if pose is None else pose
    return View(camera=camera, T_world_cam=pose, near_m=0.01, far_m=100.0)


def sphere_points(count):
    k = np.arange(count) + 0.5
    polar, turn = np.arccos(1 - 2 * k / count), np.pi * (1 + 5**0.5) * k
    return np.stack([np.cos(turn) * np.sin(polar), np.sin(turn) * np.sin(polar), np.cos(polar)], axis=1)


@given(
    st.floats(-100, 600),
    st.floats(-100, 420),
    st.floats(0.01, 2.0),
    st.floats(10, 300),
)
def test_a_sphere_at_the_solved_depth_has_the_asked_size(u, v, radius, side):
    pixel = np.array([u, v])
    depth = depth_for_size(view_of(), pixel, radius, side)
    center = view_of().ray(pixel) * depth
    pixels = project(UNEQUAL, center + radius * sphere_points(20000))
    assert np.ptp(pixels, axis=0).max() == pytest.approx(side, rel=2e-3)


def test_a_point_of_the_view_projects_back_and_has_its_depth():
    view = view_of(pose=look_at(np.array([1.0, 2.0, 3.0]), np.array([0.2, 0.1, 0.0]), 0.3))
    point = view.point(np.array([33.0, 250.0]), 1.7)
    cam = transform_points(view.T_cam_world, point[None])
    np.testing.assert_allclose(project(UNEQUAL, cam), [[33.0, 250.0]])
    assert view.depth_of(point) == pytest.approx(1.7)


def cube_at(assets, center, scale=1.0):
    body = Body(geometry=measure(assets.meshes["cube"]), scale=scale)
    return PlacedBody(body=body, T_world_object=body.pose_at(np.array(center), np.eye(3)))


def test_overhang_is_the_share_of_the_box_outside(assets):
    camera = Camera(fx=100.0, fy=100.0, cx=50.0, cy=50.0, size_hw=(100, 100))
    # The near face of a 0.1 m cube at depth 1 spans 10 px: x and y of -0.05..0.05 m at z = 1.
    assert overhang_of(view_of(camera), cube_at(assets, [0.0, 0.0, 1.05])) == 0.0
    assert overhang_of(view_of(camera), cube_at(assets, [0.5, 0.0, 1.05])) == pytest.approx(
        1 - (50 - 45 * 1 / 1.1) / (55 - 45 / 1.1)
    )
    assert overhang_of(view_of(camera), cube_at(assets, [2.0, 0.0, 1.05])) == 1.0
    assert overhang_of(view_of(camera), cube_at(assets, [0.0, 0.0, -1.0])) == 1.0


def test_only_bodies_across_a_clip_plane_are_clipped(assets):
    assert is_clipped(view_of(), cube_at(assets, [0.0, 0.0, 0.05]))
    assert not is_clipped(view_of(), cube_at(assets, [0.0, 0.0, 0.0601]))
    assert not is_clipped(view_of(), cube_at(assets, [0.0, 0.0, -0.1]))
    assert is_clipped(view_of(), cube_at(assets, [0.0, 0.0, 99.96]))


@given(st.integers(0, 10_000))
def test_the_body_encloses_its_hull(assets, seed):
    rng = np.random.default_rng(seed)
    body = Body(geometry=measure(assets.meshes["box"]), scale=rng.uniform(0.5, 2))
    placed = PlacedBody(body=body, T_world_object=make_pose(sample_rotation(rng), rng.standard_normal(3)))
    points = placed.hull_points(np.eye(4))
    vertices = assets.meshes["box"].vertices.astype(np.float64) * body.scale
    expected = transform_points(placed.T_world_object, vertices)
    np.testing.assert_allclose(np.sort(points, axis=0), np.sort(expected, axis=0), atol=1e-9)
    assert np.linalg.norm(points - placed.center, axis=1).max() == pytest.approx(placed.radius)
    assert np.all(np.abs((points - placed.center) @ placed.axes) <= placed.half_size + 1e-9)
