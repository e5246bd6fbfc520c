"""Written COCO files against geometry: a stranger who knows JSON, numpy and pycocotools projects every box anew.

The cuboids turn freely before a camera with fx != fy and a principal point off the centre; they hide each other
and leave the image.
"""

import contextlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from scipy.spatial import ConvexHull

from meshsight.core.images import write_image
from meshsight.datasets.format import WHOLE
from meshsight.datasets.formats import coco
from meshsight.datasets.target import Target

from ..contracts.labelled import CLASSES, dataset_of, labelled_sample

SIZE_HW = (1800, 2400)  # so large that rounding the corners of an outline to pixels hardly shows


@dataclass(frozen=True)
class Thing:
    """An annotation as the stranger reads it."""

    row: dict[str, Any]
    image: dict[str, Any]
    mask: np.ndarray

    @property
    def extras(self) -> dict[str, Any]:
        return self.row["meshsight"]

    @property
    def full_mask(self) -> np.ndarray:
        size = [self.image["height"], self.image["width"]]
        return coco_mask.decode({"size": size, "counts": self.extras["full_mask"].encode()}).astype(bool)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("coco")
    rng = np.random.default_rng(11)
    samples = [labelled_sample(rng, frame, SIZE_HW) for frame in (0, 1, 2, 3, 4, 5)]
    for sample in samples:
        write_image(folder / "source" / sample.image, np.zeros((8, 8, 3), np.uint8))  # nobody looks into it
    written = {WHOLE: dataset_of(samples, folder / "source")}
    coco.build(coco.Spec()).write(written, Target(folder / "written"))
    return folder / "written" / "annotations.json"


@pytest.fixture(scope="module")
def things(file: Path) -> list[Thing]:
    return list(read_as_a_stranger(file))


def read_as_a_stranger(file: Path) -> Iterator[Thing]:
    with contextlib.redirect_stdout(io.StringIO()):
        masks = COCO(str(file))
    content = json.loads(file.read_bytes())
    images = {image["id"]: image for image in content["images"]}
    for row in content["annotations"]:
        yield Thing(row, images[row["image_id"]], masks.annToMask(masks.anns[row["id"]]).astype(bool))


def corners_px(thing: Thing) -> np.ndarray:
    """Projects the corners of an object's box, x fastest, and its centre, from the pose and camera in the file."""
    pose, camera = thing.extras["pose"], thing.image["meshsight"]["camera"]
    low, high = np.array(pose["box_low_m"]), np.array(pose["box_high_m"])
    corners = [[(low, high)[i >> axis & 1][axis] for axis in range(3)] for i in range(8)]
    transform = np.array(pose["T_cam_object"])
    x, y, z = (np.array([*corners, (low + high) / 2]) @ transform[:3, :3].T + transform[:3, 3]).T
    return np.stack([camera["fx"] * x / z + camera["cx"], camera["fy"] * y / z + camera["cy"]], axis=1)


def silhouette(thing: Thing) -> np.ndarray:
    """The pixels whose centre lies within the hull of the projected corners."""
    corners = corners_px(thing)[:8]
    inside = np.zeros(thing.mask.shape, bool)
    (x1, y1), (x2, y2) = (np.clip(edge, 0, SIZE_HW[::-1]).astype(int) for edge in (corners.min(0), corners.max(0) + 1))
    columns, rows = np.arange(x1, x2)[None] + 0.5, np.arange(y1, y2)[:, None] + 0.5
    inside[y1:y2, x1:x2] = True
    for a, b, c in ConvexHull(corners).equations:
        inside[y1:y2, x1:x2] &= a * columns + b * rows + c <= 0
    return inside


def test_the_set_is_hard_enough(things: list[Thing], file: Path) -> None:
    pixels = [thing.extras["pixels"] for thing in things]
    assert len(things) >= 10
    assert sum(count["inside"] < count["full"] for count in pixels) >= 4
    assert sum(count["visible"] < count["inside"] for count in pixels) >= 3
    cameras = [image["meshsight"]["camera"] for image in json.loads(file.read_bytes())["images"]]
    assert all(camera["fx"] != camera["fy"] and camera["cx"] != SIZE_HW[1] / 2 for camera in cameras)


def test_keypoints_are_the_projected_corners(things: list[Thing]) -> None:
    for thing in things:
        keypoints = np.array(thing.row["keypoints"]).reshape(9, 3)
        expected = corners_px(thing)
        assert np.abs(keypoints[:, :2] - expected).max() < 1e-6
        is_inside = np.all((expected >= 0) & (expected < SIZE_HW[::-1]), axis=1)
        assert keypoints[:, 2].tolist() == np.where(is_inside, 2, 1).tolist()
        assert thing.row["num_keypoints"] == 9


def test_masks_are_the_projected_silhouettes(things: list[Thing]) -> None:
    compared = 0
    for thing in things:
        expected, full_mask = silhouette(thing), thing.full_mask
        iou = (expected & full_mask).sum() / (expected | full_mask).sum()
        if full_mask.sum() > 150_000:  # the set's own outlines round their corners, which tells in a sliver
            assert iou > 0.99
            compared += 1
        counts = thing.extras["pixels"]
        assert (full_mask.sum(), thing.mask.sum()) == (counts["inside"], counts["visible"])
        assert thing.row["area"] == counts["visible"]
        if counts["visible"] == counts["inside"]:
            assert np.array_equal(thing.mask, full_mask)
        assert not (thing.mask & ~full_mask).any()
    assert compared >= 10


def test_boxes_are_those_of_the_masks(things: list[Thing]) -> None:
    for thing in things:
        rows, columns = np.nonzero(thing.mask)
        x, y, width, height = thing.row["bbox"]
        found = [x, y, x + width, y + height]
        assert found == [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


def test_full_boxes_are_those_of_the_projected_corners(things: list[Thing]) -> None:
    for thing in things:
        corners = corners_px(thing)[:8]
        expected = [*corners.min(axis=0), *corners.max(axis=0)]
        canvas = [-SIZE_HW[1], -SIZE_HW[0], 2 * SIZE_HW[1], 2 * SIZE_HW[0]]
        if all(canvas[0] < x < canvas[2] and canvas[1] < y < canvas[3] for x, y in corners):
            assert np.abs(np.array(thing.extras["full_box"]) - expected).max() < 1.6


def test_classes_are_the_poses_boxes(things: list[Thing], file: Path) -> None:
    names = {row["id"]: row["name"] for row in json.loads(file.read_bytes())["categories"]}
    assert list(names.values()) == list(CLASSES)
    for thing in things:
        mesh = thing.extras["mesh"]
        assert names[thing.row["category_id"]] == CLASSES[int(mesh.removeprefix("builtin:"))]
