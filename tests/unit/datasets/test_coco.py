"""COCO as other programs write it: gaps, strings, crowds, polygons and runs; and what is refused, by its line."""

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from meshsight.core.errors import DataError
from meshsight.core.masks import decode_mask, encode_mask, tight_box
from meshsight.datasets.formats import coco
from meshsight.datasets.opening import open_dataset
from meshsight.records.dataset import Dataset

Tables = dict[str, Any]
Picture = Callable[[Path, tuple[int, int]], None]


@pytest.fixture
def tables() -> Tables:
    return {
        "info": {"year": 2026},
        "images": [
            {"id": 10, "file_name": "b.jpg", "width": 30, "height": 20},
            {"id": 7, "file_name": "a.jpg", "width": 30, "height": 20},
        ],
        "categories": [{"id": 90, "name": "toothbrush"}, {"id": 3, "name": "car", "supercategory": "vehicle"}],
        "annotations": [
            {"id": 1, "image_id": 7, "category_id": 90, "bbox": [1, 2, 10, 5], "area": 50, "iscrowd": 0},
            {"id": 2, "image_id": 7, "category_id": 3, "bbox": [0, 0, 30, 20], "iscrowd": 1},
        ],
    }


@pytest.fixture
def folder(tmp_path: Path, write_picture: Picture) -> Path:
    for name in ("a.jpg", "b.jpg"):
        write_picture(tmp_path / "coco" / name, (20, 30))
    return tmp_path / "coco"


def opened(folder: Path, tables: Tables, **settings: Any) -> Dataset:
    (folder / "labels.json").write_text(json.dumps(tables))
    return open_dataset(folder, spec=coco.Spec(**settings) if settings else None)


def test_ids_with_gaps_close_and_crowds_are_ignored(folder: Path, tables: Tables) -> None:
    dataset = opened(folder, tables)
    assert (dataset.classes, dataset.num_samples, dataset.root) == (("car", "toothbrush"), 2, folder)
    b, a = dataset.samples()
    assert (b.image, b.objects, a.image, a.size_hw, a.group) == ("b.jpg", (), "a.jpg", (20, 30), "a")
    brush, crowd = a.objects
    assert (brush.class_id, brush.box, brush.is_ignored) == (1, (1, 2, 11, 7), False)
    assert (crowd.class_id, crowd.box, crowd.is_ignored) == (0, (0, 0, 30, 20), True)
    assert brush.mask is None and brush.pixels is None and brush.pose is None and a.camera is None


def test_ids_may_be_strings_and_sizes_missing(folder: Path, tables: Tables) -> None:
    tables["images"] = [{"id": "x7", "file_name": "a.jpg"}]
    tables["annotations"] = [{"image_id": "x7", "category_id": "3", "bbox": [0.5, 0, 1, 2.25]}]
    (sample,) = opened(folder, tables).samples()
    assert sample.size_hw == (20, 30)
    assert (sample.objects[0].class_id, sample.objects[0].box) == (0, (0.5, 0, 1.5, 2.25))


def test_polygons_and_runs_become_masks(folder: Path, tables: Tables) -> None:
    mask = np.zeros((20, 30), bool)
    mask[3:9, 4:14] = True
    mask[5, 6] = False
    runs = encode_mask(mask)
    flat = mask.T.reshape(-1)
    edges = np.flatnonzero(np.diff(flat, prepend=False))
    counts = np.diff(edges, prepend=0, append=flat.size).tolist()
    forms = [
        [[4, 3, 14, 3, 14, 9, 4, 9]],
        {"size": [20, 30], "counts": runs.counts},
        {"size": [20, 30], "counts": counts},
        [[4, 3, 8, 3, 8, 9, 4, 9], [8, 3, 14, 3, 14, 9, 8, 9], [1, 1, 2, 2]],
    ]
    tables["annotations"] = [
        {"id": i, "image_id": 7, "category_id": 3, "segmentation": form} for i, form in enumerate(forms)
    ]
    labels = list(opened(folder, tables).samples())[1].objects
    masks = [decode_mask(label.mask) for label in labels if label.mask is not None]
    assert [m.sum() for m in masks] == [60, 59, 59, 60]
    assert np.array_equal(masks[1], mask) and np.array_equal(masks[2], mask)
    assert all(label.box == tuple(tight_box(mask).tolist()) for label in labels)


def test_small_overhang_is_clipped_and_counted(folder: Path, tables: Tables, caplog: pytest.LogCaptureFixture) -> None:
    tables["annotations"][0]["bbox"] = [-0.5, 2, 31.9, 5]
    label = list(opened(folder, tables).samples())[1].objects[0]
    assert label.box == (0, 2, 30, 7)
    assert [r.message for r in caplog.records if r.levelno == logging.WARNING] == [
        f"{folder / 'labels.json'}: clipped 1 boxes that left their image by up to 1.4 px"
    ]


@pytest.mark.parametrize(
    ("bbox", "fault"),
    [
        ([20, 2, 15, 5], r"\(20, 2, 35, 7\) \(x1, y1, x2, y2\) leaves its image of 30 x 20 px by 5 px"),
        ([3, 3, 0, 4], "is empty"),
        ([3, 3, -2, 4], "is empty"),
        ([40, 2, 1, 1], "leaves its image"),
        ([float("nan"), 2, 1, 1], "is not finite"),
    ],
)
def test_bad_boxes_are_named_or_dropped(
    folder: Path, tables: Tables, bbox: list[float], fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    tables["annotations"][0]["bbox"] = bbox
    with pytest.raises(DataError, match=rf"labels\.json: image 'a\.jpg', annotation 1: the box .*{fault}.*bad_boxes"):
        opened(folder, tables)
    dataset = opened(folder, tables, bad_boxes="drop")
    assert [label.class_id for label in list(dataset.samples())[1].objects] == [0]
    assert "dropped 1 bad boxes" in caplog.text


def remove(tables: Tables, *keys: str | int) -> None:
    *way, last = keys
    place: Any = tables
    for key in way:
        place = place[key]
    del place[last]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda t: remove(t, "categories"), "no COCO file: categories: Field required"),
        (lambda t: remove(t, "images", 0, "file_name"), r"no COCO file: images\[0\]\.file_name: Field required"),
        (lambda t: t["annotations"][1].update(bbox=["a", 1, 2, 3]), r"annotations\[1\]\.bbox\[0\]: .*valid number"),
        (lambda t: t["annotations"][1].update(bbox=[1, 2, 3]), "annotation 2: bbox needs x, y, width, height"),
        (lambda t: t["annotations"][1].update(bbox=None), "annotation 2: neither bbox nor segmentation"),
        (lambda t: t["annotations"][1].update(image_id=99), "annotation 2: there is no image 99"),
        (lambda t: t["annotations"][1].update(category_id=0), "annotation 2: there is no category 0"),
        (lambda t: t["images"][0].update(id=7), "image id 7 is used twice"),
        (lambda t: t["categories"][0].update(name="car"), "category name 'car' is used twice"),
        (lambda t: t["images"][1].update(file_name="c.jpg"), r"1 of 2 images are missing in .*, first 'c\.jpg'"),
        (lambda t: t["images"][0].update(file_name="c.jpg"), r"image 'c\.jpg' not found \(looked in .*images"),
        (lambda t: t["images"][0].update(file_name="../b.jpg"), "leads out of the data set's folder"),
        (lambda t: t["images"][0].update(file_name="C:\\..\\b.jpg"), "leads out of the data set's folder"),
        (lambda t: t.update(images=[], annotations=[]), "no images; the data set is empty"),
    ],
)
def test_bad_files_are_refused(folder: Path, tables: Tables, spoil: Callable[[Tables], None], message: str) -> None:
    spoil(tables)
    with pytest.raises(DataError, match=message):
        opened(folder, tables)


def test_a_mask_of_another_size_is_refused(folder: Path, tables: Tables) -> None:
    tables["annotations"][0]["segmentation"] = {"size": [30, 20], "counts": "d3"}
    with pytest.raises(DataError, match=r"annotation 1: a mask of size \(30, 20\) in an image of \(20, 30\)"):
        list(opened(folder, tables).samples())


@pytest.mark.parametrize(
    ("segmentation", "fault"),
    [
        ({"size": [20, 30], "counts": ""}, "no readable runs, for an image of 600"),
        ({"size": [20, 30], "counts": "d3"}, "runs over 116 pixels, for an image of 600"),
        ({"size": [20, 30], "counts": [10, 20]}, "runs over 30 pixels, for an image of 600"),
        ({"size": [20, 30], "counts": [-10, 610]}, r"counts.*greater than or equal to 0"),
        ([[1, 1, 5, 1, 5, 5, 7]], "a polygon of 7 numbers"),
        ([[1, 1, 5, 1, 5, 1e9]], "reaches beyond 100000 px"),
        ([[1, 1, 5, float("nan"), 5, 5]], "a polygon that is not finite"),
    ],
)
def test_outlines_that_cannot_be_are_refused(folder: Path, tables: Tables, segmentation: object, fault: str) -> None:
    """pycocotools would fill a mask whose text is cut with chance, and draw a far polygon without end."""
    tables["annotations"][0]["segmentation"] = segmentation
    with pytest.raises(DataError, match=rf"labels\.json: image 'a\.jpg', annotation.*{fault}"):
        list(opened(folder, tables).samples())


def test_splits_by_file_name_and_by_subfolder(tmp_path: Path, tables: Tables, write_picture: Picture) -> None:
    for name in ("a.jpg", "b.jpg"):
        write_picture(tmp_path / "val2017" / name, (20, 30))
        write_picture(tmp_path / "roboflow" / "test" / name, (20, 30))
    for name in ("instances_val2017", "instances_train2017"):
        (tmp_path / "annotations").mkdir(exist_ok=True)
        (tmp_path / "annotations" / f"{name}.json").write_text(json.dumps(tables))
    (tmp_path / "roboflow" / "test" / "_annotations.coco.json").write_text(json.dumps(tables))
    dataset = open_dataset(f"{tmp_path}#val2017")
    assert (dataset.root, dataset.name) == (tmp_path / "val2017", f"{tmp_path.name}#val2017")
    assert open_dataset(tmp_path / "roboflow", split="test").root == tmp_path / "roboflow" / "test"
    assert open_dataset(tmp_path / "annotations" / "instances_val2017.json").root == tmp_path / "val2017"
    with pytest.raises(DataError, match=r"several COCO files \(annotations/instances_train2017\.json, .*#train"):
        open_dataset(tmp_path)
    with pytest.raises(DataError, match="split 'test' fits 0 COCO files; there are: annotations/instances_train2017"):
        open_dataset(f"{tmp_path}#test")


def test_roboflow_copies_share_a_group(folder: Path, tables: Tables, write_picture: Picture) -> None:
    names = ["cat_jpg.rf.0a1b.jpg", "cat_jpg.rf.99ff.jpg"]
    for row, name in zip(tables["images"], names, strict=True):
        row["file_name"] = name
        write_picture(folder / name, (20, 30))
    assert {sample.group for sample in opened(folder, tables).samples()} == {"cat_jpg"}
