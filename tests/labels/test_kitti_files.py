"""KITTI files as they lie on the disk, against the objects they were made of: read by the rules of KITTI's devkit.

The reader below is written from the devkit's readme and knows numpy only. The camera has fx != fy and a principal point
far from the middle; objects stand upright about any of their own axes, either way up, and some leave the image.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from meshsight.core.camera import Camera
from meshsight.core.images import write_image
from meshsight.core.pose import make_pose
from meshsight.datasets.capacity import Losses, Part, reduce_dataset
from meshsight.datasets.format import WHOLE
from meshsight.datasets.formats.kitti import Spec, build
from meshsight.datasets.target import Target
from meshsight.records.dataset import Dataset
from meshsight.records.sample import ObjectLabel, PixelCounts, Pose, Sample

SIZE_HW = (300, 420)
CAMERA = Camera(fx=380.0, fy=450.0, cx=161.3, cy=187.9, size_hw=SIZE_HW)
NUM_OBJECTS = 60


@dataclass(frozen=True)
class Row:
    """A line of a label file."""

    name: str
    truncated: float
    occluded: int
    alpha: float
    box: np.ndarray
    hwl: np.ndarray
    location: np.ndarray
    rotation_y: float


def read_rows(path: Path) -> list[Row]:
    rows = []
    for line in path.read_text().splitlines():
        cells = line.split(" ")
        assert len(cells) == 15
        numbers = np.array(cells[3:], float)
        rows.append(
            Row(
                name=cells[0],
                truncated=float(cells[1]),
                occluded=int(cells[2]),
                alpha=numbers[0],
                box=numbers[1:5],
                hwl=numbers[5:8],
                location=numbers[8:11],
                rotation_y=numbers[11],
            )
        )
    return rows


def read_projection(path: Path) -> np.ndarray:
    lines = dict(line.split(": ") for line in path.read_text().splitlines())
    assert set(lines) == {"P0", "P1", "P2", "P3", "R0_rect", "Tr_velo_to_cam", "Tr_imu_to_velo"}
    return np.array(lines["P2"].split(), float).reshape(3, 4)


def devkit_corners(row: Row) -> np.ndarray:
    """The corners of a 3-D box in the camera: the box stands on the origin, then turns about y, then moves."""
    height, width, length = row.hwl
    x = np.array([1, 1, -1, -1, 1, 1, -1, -1]) * length / 2
    y = np.array([0, 0, 0, 0, -1, -1, -1, -1]) * height
    z = np.array([1, -1, -1, 1, 1, -1, -1, 1]) * width / 2
    c, s = math.cos(row.rotation_y), math.sin(row.rotation_y)
    turn = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    return (turn @ np.stack([x, y, z])).T + row.location


def devkit_pixels(points: np.ndarray, projection: np.ndarray) -> np.ndarray:
    """Pixels whose centres lie at whole numbers."""
    shares = np.column_stack([points, np.ones(len(points))]) @ projection.T
    return shares[:, :2] / shares[:, 2:]


def upright_pose(rng: np.random.Generator) -> Pose:
    """One of the object's axes, either way round, along the camera's y; any turn about it; an uncentred box."""
    axis, up = int(rng.integers(0, 3)), rng.choice([-1.0, 1.0])
    onto_y = Rotation.align_vectors([[0.0, up, 0.0]], [np.eye(3)[axis]])[0]
    turn = Rotation.from_euler("y", rng.uniform(-np.pi, np.pi))
    low = rng.uniform(-0.4, -0.05, 3)
    return Pose(
        T_cam_object=make_pose((turn * onto_y).as_matrix(), rng.uniform([-1.3, -0.9, 1.5], [1.3, 0.9, 4.0])),
        scale=1.7,
        box_low_m=low,
        box_high_m=low + rng.uniform(0.1, 0.8, 3),
    )


def true_corners(pose: Pose) -> np.ndarray:
    sides = [pose.box_low_m, pose.box_high_m]
    corners = np.array([[sides[i & 1][0], sides[i >> 1 & 1][1], sides[i >> 2][2]] for i in range(8)])
    return corners @ pose.T_cam_object[:3, :3].T + pose.T_cam_object[:3, 3]


def true_pixels(points: np.ndarray) -> np.ndarray:
    x, y, z = points.T
    return np.stack([CAMERA.fx * x / z + CAMERA.cx, CAMERA.fy * y / z + CAMERA.cy], axis=1)


def outline(pose: Pose) -> np.ndarray:
    """The silhouette on a canvas three images wide and high."""
    height, width = SIZE_HW
    hull = cv2.convexHull((true_pixels(true_corners(pose)) + np.array([width, height])).astype(np.float32))
    canvas = np.zeros((3 * height, 3 * width), np.uint8)
    cv2.fillConvexPoly(canvas, hull.round().astype(np.int32), 1)
    return canvas.astype(bool)


def make_label(pose: Pose, hidden_share: float) -> ObjectLabel | None:
    height, width = SIZE_HW
    canvas = outline(pose)
    inside = canvas[height : 2 * height, width : 2 * width]
    rows, columns = np.nonzero(inside)
    if len(rows) < 50:
        return None
    full, count = int(canvas.sum()), len(rows)
    return ObjectLabel(
        class_id=0,
        box=(float(columns.min()), float(rows.min()), float(columns.max() + 1), float(rows.max() + 1)),
        pixels=PixelCounts(full=full, inside=count, visible=round(count * (1 - hidden_share))),
        pose=pose,
    )


@pytest.fixture(scope="module")
def labels() -> list[ObjectLabel]:
    rng = np.random.default_rng(4)
    found: list[ObjectLabel] = []
    while len(found) < NUM_OBJECTS:
        label = make_label(upright_pose(rng), float(rng.choice([0.0, 0.2, 0.7])))
        if label is not None:
            found.append(label)
    return found


def written(labels: list[ObjectLabel], folder: Path, max_tilt_deg: float = 1.0) -> tuple[list[Row], np.ndarray, Losses]:
    write_image(folder / "in" / "a.png", np.zeros((*SIZE_HW, 3), np.uint8))
    sample = Sample(image="a.png", size_hw=SIZE_HW, objects=tuple(labels), frame=0, group="a", camera=CAMERA)
    dataset = Dataset(
        root=folder / "in",
        classes=("fork lift",),
        num_samples=1,
        samples=lambda: iter([sample]),
        name="upright",
        fingerprint=None,
    )
    kitti = build(Spec(max_tilt_deg=max_tilt_deg))
    reduced, losses = reduce_dataset(dataset, kitti.capacity)
    kitti.write({WHOLE: reduced}, Target(folder / "out"))
    training = folder / "out" / "training"
    return read_rows(training / "label_2" / "a.txt"), read_projection(training / "calib" / "a.txt"), losses


def farthest_from_any(points: np.ndarray, others: np.ndarray) -> float:
    return float(np.linalg.norm(points[:, None] - others[None], axis=2).min(axis=1).max())


def test_the_set_is_hard_enough(labels):
    counts = [label.pixels for label in labels if label.pixels is not None]
    assert sum(count.truncation > 0.1 for count in counts) >= 15
    assert sum(count.occlusion > 0.5 for count in counts) >= 10


def test_boxes_reproject_from_the_written_files(labels, tmp_path):
    rows, projection, _ = written(labels, tmp_path)
    assert len(rows) == NUM_OBJECTS
    for row, label in zip(rows, labels, strict=True):
        assert label.pose is not None
        found = devkit_pixels(devkit_corners(row), projection) + 0.5
        true = true_pixels(true_corners(label.pose))
        assert max(farthest_from_any(found, true), farthest_from_any(true, found)) < 0.02
        assert np.array_equal(row.box, label.box)


def test_every_column_says_what_is_true(labels, tmp_path):
    rows, _, _ = written(labels, tmp_path)
    for row, label in zip(rows, labels, strict=True):
        assert label.pixels is not None
        hidden = 1 - label.pixels.visible / label.pixels.inside
        assert row.name == "fork_lift"
        assert row.truncated == pytest.approx(1 - label.pixels.inside / label.pixels.full, abs=5.1e-5)
        assert row.occluded == (0 if hidden <= 0.05 else 1 if hidden <= 0.5 else 2)
        assert -math.pi <= row.alpha <= math.pi
        turn = row.rotation_y - math.atan2(row.location[0], row.location[2])
        assert math.cos(row.alpha) == pytest.approx(math.cos(turn), abs=3e-6)
        assert math.sin(row.alpha) == pytest.approx(math.sin(turn), abs=3e-6)
        assert min(row.hwl) > 0


def test_a_tilted_object_says_nothing_about_its_pose(labels, tmp_path):
    """KITTI has no words for it: a wrong turn would be a false label."""
    for tilt_deg, is_kept in ((0.9, True), (1.1, False)):
        label = labels[0]
        assert label.pose is not None
        T = label.pose.T_cam_object
        tilt = Rotation.from_euler("x", tilt_deg, degrees=True).as_matrix()
        pose = Pose(
            T_cam_object=make_pose(tilt @ T[:3, :3], T[:3, 3]),
            scale=1.0,
            box_low_m=label.pose.box_low_m,
            box_high_m=label.pose.box_high_m,
        )
        tilted = ObjectLabel(class_id=0, box=label.box, pose=pose)
        (row,), _, losses = written([tilted], tmp_path / str(tilt_deg))
        if is_kept:
            assert row.rotation_y != -10
            assert farthest_from_any(devkit_corners(row), true_corners(pose)) < 0.03
            assert losses.parts[Part.POSE] == 0
        else:
            assert row.alpha == row.rotation_y == -10
            assert row.hwl.tolist() == [-1] * 3
            assert row.location.tolist() == [-1000] * 3
            assert losses.parts[Part.POSE] == 1


def test_a_tilted_object_may_keep_its_size_and_place(labels, tmp_path):
    """All is true but the turn: the sides are those of the box, the place is the centre of its lowest face."""
    label = labels[0]
    T = label.pose.T_cam_object
    leaning = Rotation.from_euler("xz", (25, -15), degrees=True).as_matrix() @ T[:3, :3]
    low, high = label.pose.box_low_m, label.pose.box_high_m
    pose = Pose(T_cam_object=make_pose(leaning, T[:3, 3]), scale=1.0, box_low_m=low, box_high_m=high)
    tilted = ObjectLabel(class_id=0, box=label.box, pose=pose)
    (row,), _, losses = written([tilted], tmp_path, max_tilt_deg=90)
    assert losses.parts[Part.POSE] == 0
    assert sorted(row.hwl.tolist()) == pytest.approx(sorted((high - low).tolist()), abs=1e-5)
    centres = [(low + high) / 2 + np.eye(3)[axis] * sign * (high - low) / 2 for axis in range(3) for sign in (-1, 1)]
    faces = np.array([leaning @ centre + T[:3, 3] for centre in centres])
    assert np.abs(faces[faces[:, 1].argmax()] - row.location).max() < 1e-5
