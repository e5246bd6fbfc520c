"""Labels from hand-made frames: every number is known on paper."""

from collections.abc import Callable

import numpy as np
import pytest

from meshsight.core.camera import Camera
from meshsight.core.masks import decode_mask, tight_box
from meshsight.core.pose import make_pose
from meshsight.datasets.annotate import annotate, cuboid_points, object_pose
from meshsight.records.frame import Frame, Silhouette
from meshsight.records.mesh import Bounds
from meshsight.records.sample import Sample
from meshsight.records.scene import Scene

CAMERA = Camera(fx=100.0, fy=80.0, cx=30.0, cy=10.0, size_hw=(20, 40))


def silhouette(instance_id: int, origin_xy: tuple[int, int], size_hw: tuple[int, int], cut: bool = False) -> Silhouette:
    return Silhouette(instance_id=instance_id, origin_xy=origin_xy, mask=np.ones(size_hw, bool), is_cut=cut)


@pytest.fixture
def sample(
    make_scene: Callable[..., Scene], make_frame: Callable[..., Frame], bounds: dict[str, Bounds]
) -> tuple[Sample, Frame]:
    """A block that leaves the image to the left, a distractor before it, a hidden object, one pixel at the corner."""
    ids = np.zeros((20, 40), np.int32)
    ids[2:6, 0:10] = 1
    ids[4:6, 3:10] = 3
    ids[19, 39] = 4
    outlines = (silhouette(1, (-5, 2), (4, 15)), silhouette(2, (4, 4), (2, 2)), silhouette(4, (39, 19), (3, 3), True))
    frame = make_frame(ids, outlines)
    scene = make_scene(CAMERA, {4: 0, 1: 5, 2: 1, 3: None})
    return annotate(frame, scene, bounds, "images/000007.png"), frame


def test_boxes_counts_and_ids(sample: tuple[Sample, Frame]) -> None:
    block, pixel = sample[0].objects
    assert (block.instance_id, block.class_id, block.box, block.full_box) == (1, 5, (0, 2, 10, 6), (-5, 2, 10, 6))
    assert block.pixels is not None and pixel.pixels is not None
    assert (block.pixels.full, block.pixels.inside, block.pixels.visible) == (60, 40, 26)
    assert (block.pixels.truncation, block.pixels.occlusion) == (pytest.approx(1 / 3), pytest.approx(14 / 40))
    assert block.pixels.visibility == pytest.approx(26 / 60)
    assert (pixel.box, pixel.full_box, pixel.is_cut, block.is_cut) == ((39, 19, 40, 20), (39, 19, 42, 22), True, False)
    assert (pixel.pixels.full, pixel.pixels.inside, pixel.pixels.visible) == (9, 1, 1)


def test_hidden_objects_are_listed_and_distractors_are_not(sample: tuple[Sample, Frame]) -> None:
    ((instance_id, counts),) = sample[0].hidden
    assert (instance_id, counts.full, counts.inside, counts.visible) == (2, 4, 4, 0)
    assert [label.instance_id for label in sample[0].objects] == [1, 4]


def test_masks_are_the_visible_pixels(sample: tuple[Sample, Frame]) -> None:
    for label in sample[0].objects:
        assert label.mask is not None
        assert np.array_equal(decode_mask(label.mask), sample[1].instance_id == label.instance_id)


def test_the_frame_is_named(sample: tuple[Sample, Frame]) -> None:
    assert (sample[0].frame, sample[0].group, sample[0].image) == (7, "scene-000007", "images/000007.png")
    assert sample[0].camera is CAMERA


def test_keypoints_on_paper(sample: tuple[Sample, Frame]) -> None:
    """The cube, scaled by 2, spans x -0.2..0.2, y -0.4..0.4, z 1.4..3 m before the camera."""
    keypoints = sample[0].objects[0].keypoints
    assert keypoints is not None
    near, far = 1.4, 3.0
    expected = [(100 * x / z + 30, 80 * y / z + 10) for z in (near, far) for y in (-0.4, 0.4) for x in (-0.2, 0.2)]
    assert np.allclose(keypoints[:8, :2], expected, atol=1e-12)
    assert np.allclose(keypoints[8], (30, 10, 2))  # the centre lies on the axis
    assert keypoints[:, 2].tolist() == [1, 1, 1, 1, 1, 1, 1, 1, 2]  # 30 + 6.7 is inside, but 10 - 10.7 is not


def test_points_behind_the_camera_are_unknown(
    make_scene: Callable[..., Scene], make_frame: Callable[..., Frame], bounds: dict[str, Bounds]
) -> None:
    ids = np.ones((20, 40), np.int32)
    T_world_cam = make_pose(np.eye(3), np.array([0.0, 0.0, 2.5]))  # inside the cube
    scene = make_scene(CAMERA, {1: 0}, T_world_cam)
    labels = annotate(make_frame(ids, (silhouette(1, (0, 0), (20, 40), True),)), scene, bounds, "x").objects
    keypoints = labels[0].keypoints
    assert keypoints is not None
    assert keypoints[:4].tolist() == [[0, 0, 0]] * 4
    assert keypoints[8].tolist() == [0, 0, 0]  # the centre is at 2.2 m
    assert np.all(keypoints[4:8, 2] == 1)


def test_an_empty_image_has_no_objects(
    make_scene: Callable[..., Scene], make_frame: Callable[..., Frame], bounds: dict[str, Bounds]
) -> None:
    nowhere = Silhouette(instance_id=1, origin_xy=(0, 0), mask=np.zeros((0, 0), bool), is_cut=False)
    empty = annotate(make_frame(np.zeros((20, 40)), (nowhere,)), make_scene(CAMERA, {1: 0}), bounds, "x")
    assert empty.objects == ()
    assert [(i, c.full, c.inside, c.visible) for i, c in empty.hidden] == [(1, 0, 0, 0)]
    assert empty.hidden[0][1].visibility == 0


def test_the_cuboid_is_in_binary_order(make_scene: Callable[..., Scene], bounds: dict[str, Bounds]) -> None:
    scene = make_scene(CAMERA, {1: 0})
    points = cuboid_points(object_pose(scene.objects[0], scene, bounds["builtin:cube"]))
    low, high = np.array([-0.2, -0.4, -0.6]), np.array([0.2, 0.4, 1.0])
    for index in range(8):
        is_high = [index & 1, index >> 1 & 1, index >> 2 & 1]
        assert np.allclose(points[index], np.where(is_high, high, low))
    assert np.allclose(points[8], [0, 0, 0.2])


@pytest.mark.parametrize("seed", range(40))
def test_any_id_image_gives_exact_labels(seed: int, make_scene: Callable[..., Scene]) -> None:
    """Random ids against the plain definitions: box, mask and counts from whole images."""
    rng = np.random.default_rng(seed)
    camera = Camera(fx=9.0, fy=9.0, cx=4.0, cy=3.0, size_hw=(int(rng.integers(1, 9)), int(rng.integers(1, 9))))
    height, width = camera.size_hw
    ids = rng.integers(0, 6, camera.size_hw).astype(np.int32)
    canvas = {i: rng.random((3 * height, 3 * width)) < 0.3 for i in (1, 2, 5)}
    for i, drawn in canvas.items():
        drawn[height : 2 * height, width : 2 * width] |= ids == i
    cube = Bounds(low=-np.ones(3), high=np.ones(3))
    scene = make_scene(camera, {1: 0, 2: 1, 3: None, 4: None, 5: 0})
    sample = annotate(_frame(ids, canvas), scene, {"builtin:cube": cube}, "x")
    labels = {label.instance_id: label for label in sample.objects} | dict(sample.hidden)
    assert set(labels) == {1, 2, 5}
    for i, drawn in canvas.items():
        label = labels[i]
        visible, inside = ids == i, drawn[height : 2 * height, width : 2 * width]
        counts = getattr(label, "pixels", label)
        assert (counts.full, counts.inside, counts.visible) == (drawn.sum(), inside.sum(), visible.sum())
        box = tight_box(visible)
        assert (box is None) == (i in dict(sample.hidden))
        if box is not None:
            assert label.box == tuple(box.tolist())
            assert np.array_equal(decode_mask(label.mask), visible)


def _frame(ids: np.ndarray, canvas: dict[int, np.ndarray]) -> Frame:
    height, width = ids.shape
    outlines: list[Silhouette] = []
    for i, drawn in canvas.items():
        box = tight_box(drawn)
        x1, y1, x2, y2 = (0, 0, 0, 0) if box is None else (int(side) for side in box)
        origin = (x1 - width, y1 - height)
        outlines.append(Silhouette(instance_id=i, origin_xy=origin, mask=drawn[y1:y2, x1:x2], is_cut=False))
    return Frame(
        rgb=np.zeros((height, width, 3), np.uint8),
        depth_m=np.zeros((height, width), np.float32),
        instance_id=ids,
        silhouettes=tuple(outlines),
    )
