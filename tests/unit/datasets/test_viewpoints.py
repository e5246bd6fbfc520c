"""Viewpoints: poses whose directions are known, and cells of equal area."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshsight.core.pose import invert_pose, look_at, make_pose
from meshsight.datasets.measures.viewpoints import Viewpoints, sphere_cells, viewpoints_of
from meshsight.records.sample import Pose


def pose_seen_from(eye: object, roll_rad: float = 0.0, target: object = (0.0, 0.0, 0.0)) -> Pose:
    """An object at the world's origin, its frame the world's, seen by a camera that looks at the target."""
    T_world_cam = look_at(np.array(eye, dtype=float), np.array(target, dtype=float), roll_rad)
    half = np.array([0.1, 0.2, 0.3])
    return Pose(T_cam_object=invert_pose(T_world_cam), scale=1.0, box_low_m=-half, box_high_m=half)


def only(views: Viewpoints) -> tuple[np.ndarray, float, float]:
    """Direction, distance and roll of the one object there is."""
    return views.direction[0], float(views.distance_m[0]), float(views.roll_rad[0])


@pytest.mark.parametrize("eye", [(2.0, 0.0, 0.0), (0.0, -3.0, 0.0), (1.0, 2.0, 2.0), (0.5, 0.1, -4.0)])
def test_the_direction_is_where_the_camera_is(eye: tuple[float, float, float]) -> None:
    direction, distance, _ = only(viewpoints_of([pose_seen_from(eye)]))
    assert distance == pytest.approx(np.linalg.norm(eye))
    assert direction == pytest.approx(np.array(eye) / np.linalg.norm(eye))


def test_it_is_measured_from_the_middle_of_the_box() -> None:
    pose = pose_seen_from((4.0, 0.0, 0.0))
    shift = np.array([1.0, 0.0, 0.0])
    moved = Pose(
        T_cam_object=pose.T_cam_object, scale=1.0, box_low_m=pose.box_low_m + shift, box_high_m=pose.box_high_m + shift
    )
    assert only(viewpoints_of([moved]))[1] == pytest.approx(3.0)


@pytest.mark.parametrize("degrees", [-170, -90, -20, 0, 35, 90, 179])
def test_roll_turns_the_object_against_the_camera(degrees: float) -> None:
    _, _, roll = only(viewpoints_of([pose_seen_from((3.0, 1.0, 0.7), roll_rad=np.radians(degrees))]))
    assert np.degrees(roll) == pytest.approx(-degrees)


def test_roll_at_the_border_of_the_image_is_that_in_the_image() -> None:
    pose = pose_seen_from((3.0, 0.0, 0.0), target=(0.0, 1.0, 0.4))
    points = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 1e-6]]) @ pose.T_cam_object[:3, :3].T + pose.T_cam_object[:3, 3]
    image = points[:, :2] / points[:, 2:]
    step = image[1] - image[0]
    assert only(viewpoints_of([pose]))[2] == pytest.approx(np.arctan2(step[0], -step[1]), abs=1e-5)


def test_what_has_no_roll_or_direction() -> None:
    inside = Pose(T_cam_object=np.eye(4), scale=1.0, box_low_m=-np.ones(3), box_high_m=np.ones(3))
    views = viewpoints_of([pose_seen_from((0.0, 0.0, 3.0)), inside, None])
    assert np.isnan(views.roll_rad).all()
    assert views.direction[0] == pytest.approx((0, 0, 1))
    assert np.isnan(views.direction[1:]).all()
    assert views.distance_m[:2].tolist() == [3.0, 0.0] and np.isnan(views.distance_m[2])
    assert viewpoints_of([]).direction.shape == (0, 3)


@settings(derandomize=True, max_examples=40, deadline=None)
@given(st.integers(2, 40))
def test_cells_have_exactly_equal_areas(num_rings: int) -> None:
    cells = sphere_cells(num_rings)
    areas = 2 * np.pi * np.diff(cells.z) / cells.counts
    np.testing.assert_allclose(areas, 4 * np.pi / cells.num_cells, rtol=1e-12)
    assert (cells.counts == cells.counts[::-1]).all()


def test_twelve_rings_are_184_nearly_square_cells() -> None:
    cells = sphere_cells()
    assert cells.num_cells == 184
    heights = np.diff(np.arcsin(np.clip(cells.z, -1, 1)))[1:-1]
    widths = 2 * np.pi * np.sqrt(1 - ((cells.z[1:] + cells.z[:-1]) / 2) ** 2)[1:-1] / cells.counts[1:-1]
    assert (np.maximum(heights / widths, widths / heights) < 1.35).all()


def test_the_middle_of_every_cell_is_in_that_cell() -> None:
    cells = sphere_cells()
    directions = []
    for low, high, count in zip(cells.z[:-1], cells.z[1:], cells.counts, strict=True):
        z = (low + high) / 2
        angle = 2 * np.pi * (np.arange(count) + 0.5) / count
        r = np.sqrt(1 - z**2)
        directions += [(r * np.cos(a), r * np.sin(a), z) for a in angle]
    assert cells.cell_of(np.array(directions)).tolist() == list(range(184))


def test_poles_and_borders_are_in_some_cell() -> None:
    ends = np.array([[0, 0, 1], [0, 0, -1], [1, 0, 0], [-1, 0, 0], [0, -1, 0], [1, -1e-18, 0]], dtype=float)
    found = sphere_cells().cell_of(ends)
    assert ((found >= 0) & (found < 184)).all()


def test_even_viewpoints_fill_the_cells_evenly() -> None:
    directions = np.random.default_rng(0).normal(size=(184 * 200, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    counts = np.bincount(sphere_cells().cell_of(directions), minlength=184)
    chi_square = ((counts - 200) ** 2 / 200).sum()
    assert 183 - 4 * np.sqrt(366) < chi_square < 183 + 4 * np.sqrt(366)


def test_a_pose_of_any_frame_sees_what_its_inverse_says() -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        rotation = np.linalg.qr(rng.normal(size=(3, 3)))[0]
        rotation *= np.sign(np.linalg.det(rotation))
        pose = Pose(
            T_cam_object=make_pose(rotation, rng.normal(size=3)),
            scale=1.0,
            box_low_m=np.array([-1.0, -1.0, -1.0]),
            box_high_m=np.array([1.0, 1.0, 1.0]),
        )
        camera = invert_pose(pose.T_cam_object)[:3, 3]
        assert only(viewpoints_of([None, pose, pose]))[0] == pytest.approx(np.full(3, np.nan), nan_ok=True)
        assert only(viewpoints_of([pose, None]))[0] == pytest.approx(camera / np.linalg.norm(camera))
