"""YOLO: files written by hand from the documented rules, older layouts, and what is refused."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from meshsight.core.errors import DataError
from meshsight.core.masks import decode_mask, encode_window, tight_box
from meshsight.datasets.capacity import Losses, reduce_sample
from meshsight.datasets.foreign import BoxCheck
from meshsight.datasets.formats import yolo
from meshsight.datasets.opening import open_dataset as open_any
from meshsight.datasets.target import Target
from meshsight.datasets.yolo.rows import RowRules, read_row, write_box_row, write_polygon_row
from meshsight.records.dataset import Dataset
from meshsight.records.sample import ObjectLabel, Sample

Picture = Callable[[Path, tuple[int, int]], None]

BOX = (1.0, 1.0, 9.0, 9.0)


@pytest.fixture
def folder(tmp_path: Path, write_picture: Picture) -> Path:
    """Two splits of 20 x 40 px images; `b` has an empty label file and `c` has none."""
    root = tmp_path / "set"
    put(root, "labels/train/a.txt", "1 0.5 0.5 0.25 0.1\n0 0.25 0.75 0.5 0.5\n\n")
    put(root, "labels/train/b.txt", "")
    for image in ("train/a.jpg", "train/b.png", "val/c.jpg", "val/inner/d.jpg"):
        write_picture(root / "images" / image, (20, 40))
    put(root, "labels/val/inner/d.txt", "0 .5 .5 1 1")
    put(root, "data.yaml", "train: images/train\nval: images/val\ntest:\nnc: 2\nnames: [no, 007]\n")
    return root


def put(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)


def open_dataset(source: str | Path, split: str | None = None) -> Dataset:
    return open_any(source, split=split, spec=yolo.Spec())


def objects(source: str | Path) -> list[list[ObjectLabel]]:
    return [list(sample.objects) for sample in open_dataset(source).samples()]


def test_boxes_and_names_are_read_as_they_stand(folder: Path) -> None:
    dataset = open_dataset(folder)
    assert dataset.classes == ("no", "007"), "YAML would make a boolean and a number of them"
    a, b, c, d = dataset.samples()
    assert [label.class_id for label in a.objects] == [1, 0]
    assert [label.box for label in a.objects] == [(15, 9, 25, 11), (0, 10, 20, 20)]
    assert (a.image, a.size_hw, a.group) == ("images/train/a.jpg", (20, 40), "images/train/a")
    assert (b.objects, c.objects) == ((), ())
    assert (d.image, d.objects[0].box) == ("images/val/inner/d.jpg", (0, 0, 40, 20))


def test_splits_are_those_that_are_there(folder: Path) -> None:
    assert yolo.build(yolo.Spec()).splits(folder) == ("train", "val")
    assert [sample.image for sample in open_dataset(f"{folder}#train").samples()] == [
        "images/train/a.jpg",
        "images/train/b.png",
    ]
    with pytest.raises(DataError, match=r"data\.yaml: no split 'test'; there are: train, val"):
        open_dataset(folder, split="test")


@pytest.mark.parametrize(
    "config",
    [
        "path: /content/datasets/set\ntrain: images/train\nval: images/val\nnames: {0: x, 1: y}",
        "train: ../images/train\nval: ../images/val\nnc: 2\nnames: {1: y, 0: x}",
        "train: /home/me/set/images/train\nval: C:\\sets\\set\\images\\val\nnames: [x, y]",
        "path: ../set\ntrain: [images/train]\nval: [images/val, images/train]\nnames: [x, y]",
        "train: train.txt\nval: lists/val.txt\nnames: [x, y]",
    ],
)
def test_ways_to_name_the_images(folder: Path, config: str) -> None:
    put(folder, "data.yaml", config)
    put(folder, "train.txt", "./images/train/a.jpg\n/content/set/images/train/b.png\n")
    put(folder, "lists/val.txt", "../images/val/c.jpg\nimages/val/inner/d.jpg\n")
    dataset = open_dataset(folder)
    assert (dataset.num_samples, dataset.classes) == (4, ("x", "y"))
    assert [len(sample.objects) for sample in dataset.samples()] == [2, 0, 0, 1]
    assert all(sample.image.startswith("images/") and ".." not in sample.image for sample in dataset.samples())
    assert open_dataset(folder / "data.yaml").num_samples == 4


def test_images_elsewhere(
    folder: Path, tmp_path: Path, write_picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "configs/mine.yaml", f"path: {folder}\ntrain: images/train\nval: ../set/images/val\nnames: [x, y]")
    dataset = open_dataset(tmp_path / "configs")
    assert [sample.image for sample in dataset.samples()][:1] == ["images/train/a.jpg"]
    assert [len(sample.objects) for sample in dataset.samples()] == [2, 0, 0, 1]
    monkeypatch.chdir(tmp_path / "configs")
    write_picture(tmp_path / "more" / "e.png", (20, 40))
    put(tmp_path, "configs/mine.yaml", f"path: ../set\ntrain: images/train\nval: {tmp_path}/more\nnames: [x, y]")
    dataset = open_dataset(Path("mine.yaml"))
    assert dataset.root == tmp_path
    assert [sample.image for sample in dataset.samples()][1:] == ["set/images/train/b.png", "more/e.png"]


@pytest.mark.parametrize(
    ("names", "images", "labels"),
    [
        ("classes.txt", "images", "labels"),
        ("labels/classes.txt", "images", "labels"),
        ("classes.txt", ".", "."),
        ("obj.names", "obj_train_data", "obj_train_data"),
        ("train/_darknet.labels", "train", "train"),
    ],
)
def test_older_layouts(tmp_path: Path, write_picture: Picture, names: str, images: str, labels: str) -> None:
    root = tmp_path / "old"
    write_picture(root / images / "a.jpg", (20, 40))
    put(root, f"{labels}/a.txt", "1 0.5 0.5 0.25 0.1\n")
    put(root, names, "cat\nblack dog\n")
    dataset = open_dataset(root)
    assert dataset.classes == ("cat", "black dog")
    ((label,),) = objects(root)
    assert (label.class_id, label.box) == (1, (15, 9, 25, 11))


def test_darknet_lists_are_splits(tmp_path: Path, write_picture: Picture) -> None:
    for name in ("a", "b"):
        write_picture(tmp_path / "obj" / f"{name}.jpg", (20, 40))
        put(tmp_path, f"obj/{name}.txt", "0 .5 .5 .5 .5")
    put(tmp_path, "obj.names", "cat")
    put(tmp_path, "train.txt", "data/obj/a.jpg\n")
    put(tmp_path, "valid.txt", "data/obj/b.jpg\n")
    assert yolo.build(yolo.Spec()).splits(tmp_path) == ("train", "valid")
    assert [sample.image for sample in open_dataset(f"{tmp_path}#valid").samples()] == ["obj/b.jpg"]


def test_names_beside_other_text_are_not_yolo(tmp_path: Path, write_picture: Picture) -> None:
    write_picture(tmp_path / "a.jpg", (20, 40))
    put(tmp_path, "classes.txt", "cat\n")
    put(tmp_path, "a.txt", "a photograph of a cat\n")
    put(tmp_path, "model.yaml", "backbone: 1\n")
    assert not yolo.build(yolo.Spec()).recognises(tmp_path)
    put(tmp_path, "a.txt", "0 0.5 0.5 0.5 0.5\n")
    assert yolo.build(yolo.Spec()).recognises(tmp_path)


def test_polygons(folder: Path) -> None:
    put(folder, "labels/train/a.txt", "1 0.25 0 0.75 0 0.75 0.5 0.25 0.5\n0 0 0 0.5 0 0.25 1\n0 .5 .5 .1 .1")
    square, triangle, box = objects(folder)[0]
    assert square.box == (10, 0, 30, 10)
    assert square.polygons is not None and square.polygons[0].tolist() == [[10, 0], [30, 0], [30, 10], [10, 10]]
    assert square.mask is not None and triangle.polygons is not None and len(triangle.polygons[0]) == 3
    assert box.polygons is None and box.mask is None


def test_keypoints_with_and_without_v(folder: Path) -> None:
    put(folder, "data.yaml", "train: images/train\nval: images/val\nkpt_shape: [2, 3]\nnames: [x, y]")
    put(folder, "labels/train/a.txt", "0 .5 .5 .5 .5 0.25 0.5 2 1 1 1\n0 .5 .5 .5 .5 0 0 0 .1 .1 2.0\n1 .5 .5 .5 .5")
    three = [label.keypoints for label in objects(folder)[0]]
    assert three[2] is None and three[0] is not None and three[1] is not None
    assert three[0].tolist() == [[10, 10, 2], [40, 20, 1]] and three[1].tolist() == [[0, 0, 0], [4, 2, 2]]
    put(folder, "data.yaml", "train: images/train\nval: images/val\nkpt_shape: [2, 2]\nnames: [x, y]")
    put(folder, "labels/train/a.txt", "0 .5 .5 .5 .5 0.25 0.5 0 0\n")
    (label,) = objects(folder)[0]
    assert label.keypoints is not None and label.keypoints.tolist() == [[10, 10, 2], [0, 0, 0]]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("2 .5 .5 .5 .5", r"a\.txt, line 1: class 2: expected 0 to 1"),
        ("-1 .5 .5 .5 .5", "class -1"),
        ("0.5 .5 .5 .5 .5", r"class 0\.5"),
        ("0 .5 .5 .5", "4 columns: expected 5 "),
        ("0 .5 .5 .5 .5 .9", "6 columns: expected 5 "),
        ("cat .5 .5 .5 .5", "expected numbers only, found 'cat"),
        ("0 .5 .5 0 .5", "the box .* is empty"),
        ("0 320 240 100 50", "leaves its image"),
        ("0 nan .5 .5 .5", "is not finite"),
    ],
)
def test_bad_rows_are_named(folder: Path, row: str, message: str) -> None:
    put(folder, "labels/train/a.txt", row)
    with pytest.raises(DataError, match=message):
        objects(folder)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("train: images/train\nnc: 3\nnames: [x, y]", "nc is 3, but there are 2 names"),
        ("train: images/train\nnames: {0: x, 2: y}", r"expected the ids 0 to 1, found \[0, 2\]"),
        (
            "train: images/tarin\nval: images/vla\nnames: [x]",
            r"none of its folders of images is there \(train: images/",
        ),
        ("train: images/train\nnames: [x, y]\nkpt_shape: [9]", r"kpt_shape: expected \[number"),
        ("train: [images/train\n", "cannot be read as YAML"),
    ],
)
def test_bad_configurations_are_named(folder: Path, config: str, message: str) -> None:
    put(folder, "data.yaml", config)
    with pytest.raises(DataError, match=message):
        open_dataset(folder)


def test_a_set_without_any_label_is_refused(folder: Path) -> None:
    (folder / "labels").rename(folder / "annotations")
    with pytest.raises(DataError, match=r"none of 4 images has a label file; expected .*train.a\.txt"):
        open_dataset(folder)


def test_a_missing_image_of_a_list_is_named(folder: Path) -> None:
    put(folder, "data.yaml", "train: train.txt\nnames: [x, y]")
    put(folder, "train.txt", "images/train/a.jpg\nimages/train/lost.jpg\n")
    with pytest.raises(DataError, match=r"train\.txt, line 2: no such image 'images/train/lost\.jpg'"):
        open_dataset(folder)


def test_labels_drawn_over_the_border_are_clipped_with_one_warning(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    put(folder, "labels/train/a.txt", "0 0.5 0.5 1.02 1\n")
    dataset = open_dataset(folder)
    for _ in range(2):
        assert next(dataset.samples()).objects[0].box == (0, 0, 40, 20)
        list(dataset.samples())
    assert caplog.text.count("clipped 1 boxes that left their image by up to 0.4 px") == 1


def test_boxes_survive_in_the_largest_images() -> None:
    """Every box of whole pixels comes back whole, others within the promised thousandth of a pixel."""
    rng = np.random.default_rng(0)
    for side in (640, 10_007, 49_999):
        for scale in (1, 1000):
            corners = np.sort(rng.integers(0, side * scale, (200, 2, 2)), axis=1).reshape(-1, 4) / scale
            for x1, y1, x2, y2 in corners[np.all(corners[:, 2:] - corners[:, :2] > 0.01, axis=1)].tolist():
                row = write_box_row(ObjectLabel(class_id=0, box=(x1, y1, x2, y2)), (side, side))
                rules = RowRules(num_classes=1, keypoints=None)
                label = read_row(row, rules, (side, side), BoxCheck(yolo.Spec(bad_boxes="keep")), "here")
                assert label is not None and label.box == (x1, y1, x2, y2)


@given(
    arrays(bool, st.tuples(st.integers(1, 14), st.integers(1, 14))).filter(np.any),
    st.integers(0, 3000),
    st.integers(0, 3000),
)
def test_every_mask_survives_as_a_row(window: np.ndarray, right: int, below: int) -> None:
    """Parts, holes and single pixels, in images of odd sizes."""
    size_hw = (window.shape[0] + below, window.shape[1] + right)
    mask = encode_window(window, (right // 2, below // 3), size_hw)
    sample = replace(a_sample(ObjectLabel(class_id=0, box=BOX, mask=mask)), size_hw=size_hw)
    (given_label,) = reduce_sample(sample, yolo.CAPACITIES["segment"], Losses()).objects
    row = write_polygon_row(given_label, size_hw)
    label = read_row(row, RowRules(num_classes=1, keypoints=None), size_hw, BoxCheck(yolo.Spec()), "here")
    assert label is not None and label.mask == mask
    assert label.box == given_label.box == tuple(tight_box(decode_mask(mask)).tolist())


def a_sample(*labels: ObjectLabel) -> Sample:
    return Sample(image="a.png", size_hw=(20, 40), objects=labels, frame=0, group="a")


def test_keypoints_outside_become_unknown() -> None:
    points = np.array([[-0.1, 5, 1], [40, 20, 1], [3, 4, 2], [np.nan, np.nan, 0], [7, 8, 0]])
    sample = a_sample(ObjectLabel(class_id=0, box=BOX, keypoints=points))
    (label,) = reduce_sample(sample, yolo.CAPACITIES["pose"], Losses()).objects
    assert label.keypoints is not None
    assert label.keypoints.tolist() == [[0, 0, 0], [40, 20, 1], [3, 4, 2], [0, 0, 0], [0, 0, 0]]


def test_objects_without_what_the_task_needs_are_left_out_and_counted() -> None:
    sample = a_sample(ObjectLabel(class_id=0, box=BOX))
    for task, part in (("segment", "polygons"), ("pose", "keypoints")):
        losses = Losses()
        assert reduce_sample(sample, yolo.CAPACITIES[task], losses).objects == ()
        assert losses.lacking == {part: 1}


def test_polygons_are_kept_as_they_are_and_clipped_to_the_image() -> None:
    polygon = np.array([[-2.0, 3.5], [12.3456, 3.5], [12.3456, 9.25]])
    sample = a_sample(ObjectLabel(class_id=0, box=(0.0, 3.0, 13.0, 10.0), polygons=(polygon,)))
    (label,) = reduce_sample(sample, yolo.CAPACITIES["segment"], Losses()).objects
    assert label.polygons is not None
    assert label.polygons[0].tolist() == [[0, 3.5], [12.346, 3.5], [12.346, 9.25]]
    assert label.box == (0, 3.5, 12.346, 9.25) and label.mask is not None


@pytest.mark.parametrize("split", ["names", "path"])
def test_splits_cannot_take_the_names_of_settings(tmp_path: Path, split: str) -> None:
    empty = Dataset(root=tmp_path, classes=("a",), num_samples=0, samples=lambda: iter(()), name="x", fingerprint=None)
    with pytest.raises(DataError, match=f"keeps the name '{split}' for itself"):
        yolo.build(yolo.Spec()).write({split: empty}, Target(tmp_path / "out"))


def test_objects_must_agree_in_their_number_of_keypoints(tmp_path: Path, write_picture: Picture) -> None:
    write_picture(tmp_path / "a.png", (20, 40))
    two = (ObjectLabel(class_id=0, box=BOX, keypoints=np.ones((count, 3))) for count in (2, 3))
    sample = a_sample(*two)
    dataset = Dataset(
        root=tmp_path, classes=("a",), num_samples=1, samples=lambda: iter([sample]), name="x", fingerprint=None
    )
    with pytest.raises(DataError, match=r"as many keypoints in every object, found \[2, 3\]"):
        yolo.build(yolo.Spec(task="pose")).write({"": dataset}, Target(tmp_path / "out"))
