"""DOTA: rows by hand in both spellings, four corners from whatever is known, and what is refused."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshsight.core.errors import DataError
from meshsight.core.masks import encode_mask
from meshsight.datasets.dota.rows import read_row, with_four_corners, write_row
from meshsight.datasets.formats import dota
from meshsight.datasets.opening import open_dataset as open_any
from meshsight.records.dataset import Dataset
from meshsight.records.sample import ObjectLabel, Sample

Picture = Callable[[Path, tuple[int, int]], None]

SAMPLE = Sample(image="a.png", size_hw=(40, 60), objects=(), frame=0, group="a")
LABEL = ObjectLabel(class_id=0, box=(10.0, 5.0, 30.0, 25.0))
ROWS = """imagesource:GoogleEarth
gsd:0.146343590398
10.0 5.0 30 5 30 25 10 25 large-vehicle 1
20 -5.5 40 10 20 25 0 10 plane 0
"""


def open_dataset(source: str | Path, split: str | None = None) -> Dataset:
    return open_any(source, split=split, spec=dota.Spec())


@pytest.fixture
def folder(tmp_path: Path, write_picture: Picture) -> Path:
    root = tmp_path / "set"
    (root / "labelTxt").mkdir(parents=True)
    for stem, rows in (("P0001", ROWS), ("P0002", "")):
        write_picture(root / "images" / f"{stem}.png", (40, 60))
        (root / "labelTxt" / f"{stem}.txt").write_text(rows)
    return root


def test_rows_become_polygons_and_the_upright_boxes_around_them(folder: Path) -> None:
    dataset = open_dataset(folder)
    assert dataset.classes == ("large-vehicle", "plane")
    one, two = dataset.samples()
    assert (one.image, one.size_hw, two.objects) == ("images/P0001.png", (40, 60), ())
    vehicle, plane = one.objects
    assert (vehicle.box, vehicle.is_ignored, plane.is_ignored) == ((10, 5, 30, 25), True, False)
    assert plane.box == (0, 0, 40, 25), "as far as it lies in the image"
    assert plane.polygons is not None and plane.polygons[0].tolist() == [[20, -5.5], [40, 10], [20, 25], [0, 10]]
    assert plane.mask is None


def test_splits_are_folders_and_share_their_classes(folder: Path, tmp_path: Path) -> None:
    both = tmp_path / "both"
    for split in ("train", "val"):
        (both / split).mkdir(parents=True)
        for name in ("images", "labelTxt"):
            (folder / name).rename(both / split / name) if split == "train" else (both / split / name).mkdir()
    (both / "val" / "images" / "P9.png").write_bytes((both / "train" / "images" / "P0001.png").read_bytes())
    (both / "val" / "labelTxt" / "P9.txt").write_text("1 1 9 1 9 9 1 9 harbor 2\n")
    assert dota.build(dota.Spec()).splits(both) == ("train", "val")
    val = open_dataset(f"{both}#val")
    assert val.classes == ("harbor", "large-vehicle", "plane")
    assert [(sample.image, sample.objects[0].is_ignored) for sample in val.samples()] == [("val/images/P9.png", True)]
    assert open_dataset(both).num_samples == 3
    with pytest.raises(DataError, match="no split 'test'; there are: train, val"):
        open_dataset(both, split="test")


def test_the_fork_with_commas(folder: Path) -> None:
    (folder / "labelTxt").rename(folder / "dota")
    (folder / "dota" / "P0001.txt").write_text("1,2.5,9,2,9,9,1,9,hex nut, M8,0\n")
    reader = dota.build(dota.Spec())
    assert reader.recognises(folder)
    (label,) = next(open_dataset(folder).samples()).objects
    assert (open_dataset(folder).classes, label.box, label.is_ignored) == (("hex nut,M8",), (1, 2, 9, 9), False)
    (folder / "annotation_coco.json").write_text("{}")
    assert not reader.recognises(folder), "the COCO file says more"
    assert open_dataset(folder).num_samples == 2, "unless one asks for this"


def test_versions_and_images_without_labels(folder: Path, write_picture: Picture, caplog) -> None:
    (folder / "labelTxt").rename(folder / "labelTxt-v1.5")
    write_picture(folder / "images" / "P0003.png", (40, 60))
    assert open_dataset(folder).num_samples == 2
    assert caplog.text.count("left out 1 images without a label file") == 1


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("1 2 3 4 5 6 7 8", r"P0002\.txt, line 1: expected a class and a difficulty after eight numbers"),
        ("1 2 3 4 5 6 7 plane 0", "expected eight numbers, a class and a difficulty, found '1 2 3"),
        ("1 2 3", "expected eight numbers"),
        ("1 2 3 4 5 6 7 8 plane hard", "expected a class and a difficulty"),
        ("1,2,3,4,5,6,7,8,,0", "expected a class and a difficulty"),
        ("90 2 99 2 99 9 90 9 plane 0", "the box .* is empty"),
        ("nan 2 9 2 9 9 1 9 plane 0", "the box .* is not finite"),
    ],
)
def test_bad_rows_are_named(folder: Path, row: str, message: str) -> None:
    (folder / "labelTxt" / "P0002.txt").write_text(row)
    with pytest.raises(DataError, match=message):
        list(open_dataset(folder).samples())


def test_a_missing_image_is_named(folder: Path) -> None:
    (folder / "images" / "P0002.png").unlink()
    with pytest.raises(DataError, match=r"P0002\.txt: no image of that name in .*images \(1 of 2 lack it\)"):
        open_dataset(folder)


def corners_of(label: ObjectLabel) -> np.ndarray:
    (corners,) = with_four_corners(label, SAMPLE).polygons or ()
    return corners


def polygons_of(*polygons: list[list[float]]) -> ObjectLabel:
    return ObjectLabel(class_id=0, box=LABEL.box, polygons=tuple(np.array(points, float) for points in polygons))


def test_a_box_alone_gives_its_corners() -> None:
    assert corners_of(LABEL).tolist() == [[10, 5], [30, 5], [30, 25], [10, 25]]


def test_four_corners_stay_and_turn_clockwise() -> None:
    given = [[20, 5], [40, 15], [20, 25], [0, 15]]
    assert corners_of(polygons_of(given)).tolist() == given
    assert corners_of(polygons_of([given[0], *given[:0:-1]])).tolist() == given


def test_several_polygons_share_one_rectangle() -> None:
    label = polygons_of([[1, 1], [5, 1], [1, 9]], [[19, 9], [15, 9], [19, 1]])
    assert sorted(corners_of(label).tolist()) == [[1, 1], [1, 9], [19, 1], [19, 9]]
    assert corners_of(label)[0].tolist() == [1, 1]


def test_a_polygon_without_area_gives_the_box() -> None:
    label = polygons_of([[1, 1], [5, 5], [3, 3]])
    assert corners_of(label).tolist() == [[10, 5], [30, 5], [30, 25], [10, 25]]


def test_a_turned_rectangle_is_found_again() -> None:
    """Five points on its border, far from the origin, where single precision alone would be too coarse."""
    angle = np.deg2rad(27.0)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    rectangle = np.array([[-15, -4], [15, -4], [15, 4], [-15, 4]]) @ turn.T + [20_000.3, 30_000.7]
    middle = rectangle[:2].mean(axis=0, keepdims=True)
    found = corners_of(polygons_of(np.concatenate([rectangle[:1], middle, rectangle[1:]]).tolist()))
    nearest = np.abs(found[:, None] - rectangle[None]).max(axis=2)
    assert nearest.min(axis=1).max() < 2e-3
    assert set(nearest.argmin(axis=1).tolist()) == {0, 1, 2, 3}


@given(st.integers(0, 10_000))
def test_the_rectangle_of_a_mask_holds_all_its_pixels_and_is_no_larger_than_the_box(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mask = np.zeros((40, 60), np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(rng.integers(2, 38, (4, 2)).astype(np.int32)), 1)
    corners = corners_of(ObjectLabel(class_id=0, box=LABEL.box, mask=encode_mask(mask.astype(bool))))
    sides = np.roll(corners, -1, axis=0) - corners
    rows, columns = np.nonzero(mask)
    for dx, dy in ((0, 0), (1, 0), (1, 1), (0, 1)):
        offset = np.stack([columns + dx, rows + dy], axis=1)[:, None] - corners[None]
        assert (sides[:, 0] * offset[..., 1] - sides[:, 1] * offset[..., 0]).min() > -0.1, "right of every side"
    area = np.linalg.norm(sides[0]) * np.linalg.norm(sides[1])
    assert mask.sum() - 0.1 <= area <= (np.ptp(rows) + 1) * (np.ptp(columns) + 1) + 0.1
    assert corners.sum(axis=1).argmin() == 0


@given(st.lists(st.floats(-1e4, 1e4), min_size=8, max_size=8), st.booleans())
def test_every_corner_comes_back_exactly(numbers: list[float], is_ignored: bool) -> None:
    corners = np.array(numbers).reshape(4, 2)
    row = read_row(
        write_row(ObjectLabel(class_id=0, box=LABEL.box, polygons=(corners,), is_ignored=is_ignored), "a"), ""
    )
    assert row is not None
    assert (row.corners.tolist(), row.name, row.is_difficult) == (corners.tolist(), "a", is_ignored)
