"""Labels become marks: cuboids, axes, polygons and words, each where the label says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshsight.core.camera import Camera, project
from meshsight.core.masks import encode_mask
from meshsight.core.pose import make_pose, sample_rotation, transform_points
from meshsight.plotting.cuboid import EDGES, FRONT, is_cuboid
from meshsight.plotting.draw import draw
from meshsight.plotting.label_marks import USUAL, Drawn, label_marks, usual_parts, visibility_text
from meshsight.plotting.style import AXIS_COLORS, IGNORED, class_color
from meshsight.records.sample import ObjectLabel, PixelCounts, Pose, Sample, StatedVisibility

CAMERA = Camera(fx=300.0, fy=280.0, cx=95.0, cy=70.0, size_hw=(150, 200))
CLASSES = ("mug", "can")
BOX = (20.0, 30.0, 60.0, 80.0)
UNIT_CORNERS = np.array([[i & 1, i >> 1 & 1, i >> 2] for i in range(8)] + [[0.5, 0.5, 0.5]], dtype=float)


def make_sample(*objects: ObjectLabel, camera: Camera | None = CAMERA) -> Sample:
    return Sample(image="a.png", size_hw=(150, 200), objects=objects, frame=0, group="0", camera=camera)


def random_pose(seed: int) -> Pose:
    rng = np.random.default_rng(seed)
    half = rng.uniform(0.02, 0.15, 3)
    translation = np.array([*rng.uniform(-0.2, 0.2, 2), rng.uniform(0.6, 2.0)])
    return Pose(T_cam_object=make_pose(sample_rotation(rng), translation), scale=1.0, box_low_m=-half, box_high_m=half)


def corners_of(pose: Pose) -> np.ndarray:
    points = pose.box_low_m + UNIT_CORNERS * (pose.box_high_m - pose.box_low_m)
    return project(CAMERA, transform_points(pose.T_cam_object, points))


def keypoints(points: np.ndarray, v: float = 2.0) -> np.ndarray:
    return np.hstack([points, np.full((len(points), 1), v)])


@settings(derandomize=True, max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_every_seen_box_is_a_cuboid_and_nothing_else_is(seed: int) -> None:
    points = corners_of(random_pose(seed))
    assert is_cuboid(points)
    assert is_cuboid(np.round(points)) or np.ptp(points, axis=0).max() < 25
    rng = np.random.default_rng(seed)
    assert not is_cuboid(rng.uniform(0, 200, (9, 2)))
    swapped = points.copy()
    swapped[[0, 7]] = swapped[[7, 0]]
    extent = np.ptp(points, axis=0).max()
    assert not is_cuboid(swapped) or np.linalg.norm(points[0] - points[7]) < 0.3 * extent


def test_a_cuboid_with_a_corner_that_is_not_known() -> None:
    points = corners_of(random_pose(3))
    points[7] = np.nan
    assert is_cuboid(points)
    points[4:] = np.nan
    assert not is_cuboid(points)
    assert not is_cuboid(points[:4])
    assert not is_cuboid(np.full((9, 2), 5.0))


def test_a_cuboid_has_edges_and_a_crossed_front() -> None:
    points = corners_of(random_pose(1))
    (mark,) = label_marks(
        make_sample(ObjectLabel(class_id=0, box=BOX, keypoints=keypoints(points))), CLASSES, {Drawn.CORNERS}
    )
    lines = [shape.points for shape in mark.shapes if len(shape.points) == 2]
    for edge in EDGES:
        assert any(np.array_equal(line, points[list(edge)]) for line in lines)
    filled = [shape for shape in mark.shapes if shape.fill]
    np.testing.assert_array_equal(filled[0].points, points[list(FRONT)])
    assert all(UNIT_CORNERS[corner, 0] == 1 for corner in FRONT)  # the face in +x
    assert (mark.has_box, mark.text) == (False, "")


def test_a_pose_without_keypoints_has_its_box() -> None:
    pose = random_pose(4)
    points = corners_of(pose)
    marks = label_marks(
        make_sample(
            ObjectLabel(class_id=0, box=BOX, pose=pose), ObjectLabel(class_id=0, box=BOX, keypoints=keypoints(points))
        ),
        CLASSES,
        {Drawn.CORNERS},
    )
    assert len(marks[0].shapes) == len(marks[1].shapes) > 12
    for first, second in zip(marks[0].shapes, marks[1].shapes, strict=True):
        np.testing.assert_allclose(first.points, second.points)
    assert label_marks(make_sample(ObjectLabel(class_id=0, box=BOX)), CLASSES, {Drawn.CORNERS})[0].shapes == ()


@pytest.mark.parametrize("count", [1, 9, 17])
def test_other_keypoints_are_dots_where_they_are_known(count: int) -> None:
    points = keypoints(np.random.default_rng(0).uniform(0, 100, (count, 2)))
    points[0, 2] = 0
    (mark,) = label_marks(
        make_sample(ObjectLabel(class_id=0, box=BOX, keypoints=points)), CLASSES, {Drawn.CORNERS, Drawn.BOXES}
    )
    (dots,) = mark.shapes
    assert dots.is_dots and mark.has_box
    np.testing.assert_array_equal(dots.points[1:], points[1:, :2])
    assert np.isnan(dots.points[0]).all()


def test_axes_are_those_of_the_object() -> None:
    pose = random_pose(2)
    sample = make_sample(ObjectLabel(class_id=0, box=BOX, pose=pose))
    (mark,) = label_marks(sample, CLASSES, {Drawn.AXES})
    length = (pose.box_high_m - pose.box_low_m).max() / 2
    depths = []
    for shape in mark.shapes:
        axis = AXIS_COLORS.index(shape.color)  # pyright: ignore[reportArgumentType]
        ends = np.vstack([np.zeros(3), length * np.eye(3)[axis]])
        np.testing.assert_allclose(shape.points, project(CAMERA, transform_points(pose.T_cam_object, ends)))
        depths.append(transform_points(pose.T_cam_object, ends)[1, 2])
    assert depths == sorted(depths, reverse=True)  # the nearest is drawn last
    assert len(mark.shapes) == 3
    assert label_marks(make_sample(*sample.objects, camera=None), CLASSES, {Drawn.AXES})[0].shapes == ()


def test_axes_behind_the_camera_are_left_out() -> None:
    pose = random_pose(2)
    behind = Pose(
        T_cam_object=make_pose(np.diag([1.0, -1.0, -1.0]), np.array([0.0, 0.0, 0.05])),
        scale=1.0,
        box_low_m=pose.box_low_m,
        box_high_m=pose.box_high_m,
    )
    marks = label_marks(make_sample(ObjectLabel(class_id=0, box=BOX, pose=behind)), CLASSES, {Drawn.AXES})
    image = np.full((150, 200, 3), 128, np.uint8)
    picture = draw(image, marks, min_side=0)
    assert (picture == AXIS_COLORS[0]).all(axis=2).any()
    assert not (picture == AXIS_COLORS[2]).all(axis=2).any()  # z points at the camera and ends behind it


def test_polygons_stand_in_for_a_mask() -> None:
    polygon = np.array([[10.0, 10.0], [90.0, 10.0], [90.0, 60.0]])
    mask = encode_mask(np.ones((150, 200), bool))
    without = ObjectLabel(class_id=1, box=BOX, polygons=(polygon,))
    both = ObjectLabel(class_id=1, box=BOX, polygons=(polygon,), mask=mask)
    first, second = label_marks(make_sample(without, both), CLASSES)
    assert first.mask is None and len(first.shapes) == 1 and first.shapes[0].is_closed
    assert second.mask is mask and second.shapes == ()


def test_names_and_visibility() -> None:
    labels = (
        ObjectLabel(class_id=1, box=BOX, pixels=PixelCounts(full=200, inside=180, visible=50)),
        ObjectLabel(class_id=0, box=BOX, is_ignored=True),
    )
    first, ignored = label_marks(make_sample(*labels), CLASSES, USUAL | {Drawn.VISIBILITY})
    assert (first.text, first.color, first.is_dashed) == ("can 25 %", class_color(1), False)
    assert (ignored.text, ignored.color, ignored.is_dashed, ignored.has_box) == ("", IGNORED, True, True)
    assert [mark.text for mark in label_marks(make_sample(*labels), CLASSES, {Drawn.VISIBILITY})] == ["25 %", ""]


@pytest.mark.parametrize(
    ("stated", "text"),
    [
        (StatedVisibility(), ""),
        (StatedVisibility(visibility=0.337), "34 %"),
        (StatedVisibility(truncation=0.2, occlusion_level=2), "largely hidden, 20 % cut"),
        (StatedVisibility(truncation=0.0, occlusion_level=0), ""),
        (StatedVisibility(is_truncated=True, is_occluded=True), "hidden, cut"),
        (StatedVisibility(is_truncated=False, is_occluded=False, occlusion_level=3), ""),
    ],
)
def test_what_foreign_sets_say_of_visibility(stated: StatedVisibility, text: str) -> None:
    assert visibility_text(ObjectLabel(class_id=0, box=BOX, stated=stated)) == text
    assert visibility_text(ObjectLabel(class_id=0, box=BOX)) == ""


def test_keypoints_are_usual_only_where_nothing_says_more() -> None:
    points = keypoints(np.zeros((5, 2)))
    polygons = (np.zeros((3, 2)),)
    assert usual_parts(make_sample(ObjectLabel(class_id=0, box=BOX))) == USUAL
    assert Drawn.CORNERS in usual_parts(make_sample(ObjectLabel(class_id=0, box=BOX, keypoints=points)))
    drawn = ObjectLabel(class_id=0, box=BOX, keypoints=points, polygons=polygons)
    assert Drawn.CORNERS not in usual_parts(make_sample(drawn))
