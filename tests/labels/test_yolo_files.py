"""Written YOLO folders, checked by a parser that follows the documented rules and shares no code with ours."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from meshsight.core.camera import project
from meshsight.core.masks import decode_mask
from meshsight.core.pose import transform_points
from meshsight.datasets.annotate import cuboid_points
from meshsight.datasets.capacity import reduce_dataset
from meshsight.datasets.format import WHOLE
from meshsight.datasets.formats import yolo
from meshsight.datasets.opening import open_dataset
from meshsight.datasets.target import Target
from meshsight.records.dataset import Dataset

from ..contracts.labelled import CLASSES, SIZE_HW, dataset_of, labelled_folder
from ..contracts.test_formats import assert_equal

HEIGHT, WIDTH = SIZE_HW
TASKS = ("detect", "segment", "pose")


def written(parts: dict[str, Dataset], folder: Path, task: str) -> dict[str, Dataset]:
    writer = yolo.build(yolo.Spec(task=task))
    reduced = {name: reduce_dataset(part, writer.capacity)[0] for name, part in parts.items()}
    writer.write(reduced, Target(folder))
    return reduced


def two_splits(folder: Path, seed: int) -> dict[str, Dataset]:
    samples = list(labelled_folder(folder, seed).samples())
    return {"train": dataset_of(samples[:3], folder), "val": dataset_of(samples[3:], folder)}


def rows_by_image(folder: Path, split: str) -> dict[Path, list[list[float]]]:
    """Follows the rules: label path by the last /images/, numbers by spaces, shares within 0 and 1, known classes."""
    config = yaml.safe_load((folder / "data.yaml").read_text())
    assert len(config["names"]) == config["nc"]
    found = {}
    for image in sorted((folder / config[split]).glob("*.*")):
        before, after = str(image).rsplit("/images/", 1)
        text = Path(f"{before}/labels/{after}").with_suffix(".txt").read_text()
        rows = [[float(column) for column in line.split()] for line in text.splitlines()]
        for row in rows:
            assert row[0] in range(config["nc"])
        found[image] = rows
    return found


def boxes_of(row: list[float]) -> list[float]:
    _, cx, cy, w, h = row[:5]
    return [(cx - w / 2) * WIDTH, (cy - h / 2) * HEIGHT, (cx + w / 2) * WIDTH, (cy + h / 2) * HEIGHT]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("task", TASKS)
def test_each_task_comes_back(task, seed, tmp_path):
    given = written(two_splits(tmp_path / "source", seed), tmp_path / "set", task)
    capacity = yolo.CAPACITIES[task]
    num_objects = 0
    for split, part in given.items():
        found = open_dataset(f"{tmp_path / 'set'}#{split}", spec=yolo.Spec())
        assert found.classes == CLASSES
        for before, after in zip(part.samples(), found.samples(), strict=True):
            assert_equal(before, after, capacity)
            num_objects += len(after.objects)
    assert num_objects


@pytest.mark.parametrize("task", TASKS)
def test_a_set_without_splits_comes_back(task, tmp_path):
    given = written({WHOLE: labelled_folder(tmp_path / "source", 4)}, tmp_path / "set", task)[WHOLE]
    found = open_dataset(tmp_path / "set")
    for before, after in zip(given.samples(), found.samples(), strict=True):
        assert_equal(before, after, yolo.CAPACITIES[task])


@pytest.mark.parametrize("task", TASKS)
def test_another_parser_finds_the_boxes(task, tmp_path):
    given = written(two_splits(tmp_path / "source", 5), tmp_path / "set", task)
    for split, part in given.items():
        found = rows_by_image(tmp_path / "set", split)
        for sample, rows in zip(part.samples(), found.values(), strict=True):
            assert [int(row[0]) for row in rows] == [label.class_id for label in sample.objects]
            for row, label in zip(rows, sample.objects, strict=True):
                shares = np.array(row[1:5] if task == "pose" else row[1:])
                assert shares.min() >= 0 and shares.max() <= 1
                if task != "segment":
                    assert len(row) == (5 if task == "detect" else 5 + 9 * 3)
                    assert np.allclose(boxes_of(row), label.box, atol=1e-3)


def test_corners_reproject_from_the_written_poses(tmp_path):
    """Every keypoint of the file lies where model, pose and camera put it; none that is in the image is missing."""
    parts = two_splits(tmp_path / "source", 6)
    written(parts, tmp_path / "set", "pose")
    checked = 0
    for split, part in parts.items():
        for sample, rows in zip(part.samples(), rows_by_image(tmp_path / "set", split).values(), strict=True):
            labels = [label for label in sample.objects if not label.is_ignored]
            for row, label in zip(rows, labels, strict=True):
                truth = project(sample.camera, transform_points(label.pose.T_cam_object, cuboid_points(label.pose)))
                points = np.array(row[5:]).reshape(9, 3)
                inside = np.all((truth >= 0) & (truth <= (WIDTH, HEIGHT)), axis=1)
                assert np.array_equal(points[:, 2] > 0, inside)
                assert np.all(points[~inside] == 0)
                assert np.abs(points[inside, :2] * (WIDTH, HEIGHT) - truth[inside]).max(initial=0) < 1e-3
                assert points[:, :2].min() >= 0 and points[:, :2].max() <= 1
                checked += int(inside.sum())
    assert checked > 50


@pytest.mark.parametrize("seed", [7, 8, 9])
def test_masks_agree_when_another_tool_fills_the_polygons(seed, tmp_path):
    parts = two_splits(tmp_path / "source", seed)
    written(parts, tmp_path / "set", "segment")
    checked = 0
    for split, part in parts.items():
        for sample, rows in zip(part.samples(), rows_by_image(tmp_path / "set", split).values(), strict=True):
            labels = [label for label in sample.objects if not label.is_ignored]
            for row, label in zip(rows, labels, strict=True):
                truth = decode_mask(label.mask)
                found = filled(np.array(row[1:]).reshape(-1, 2) * (WIDTH, HEIGHT))
                assert (found & truth).sum() > 0.99 * (found | truth).sum()
                checked += 1
    assert checked > 3


def filled(points: np.ndarray) -> np.ndarray:
    """Fills with OpenCV on a finer grid, since it draws the border too, and looks at the middle of each pixel."""
    fine = np.zeros((8 * HEIGHT, 8 * WIDTH), np.uint8)
    cv2.fillPoly(fine, [np.round(points * 8).astype(np.int32)], 1)
    return fine[4::8, 4::8].astype(bool)


def test_the_settings_are_as_documented(tmp_path):
    written(two_splits(tmp_path / "source", 8), tmp_path / "set", "pose")
    assert yaml.safe_load((tmp_path / "set" / "data.yaml").read_text()) == {
        "train": "images/train",
        "val": "images/val",
        "nc": 3,
        "names": dict(enumerate(CLASSES)),
        "kpt_shape": [9, 3],
    }
