"""Where COCO files are looked for, what is left alone, and which of them a split means."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from meshsight.core.errors import DataError
from meshsight.datasets.coco.files import is_label_file, label_files, split_names
from meshsight.datasets.formats import coco
from meshsight.records.dataset import Dataset

Picture = Callable[[Path, tuple[int, int]], None]


def tables(*names: str) -> dict[str, Any]:
    images = [{"id": i, "file_name": name, "width": 30, "height": 20} for i, name in enumerate(names)]
    return {"images": images, "annotations": [], "categories": [{"id": 1, "name": "a"}]}


def put(file: Path, content: object) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content))
    return file


def opened(path: Path, split: str | None = None) -> Dataset:
    return coco.build(coco.Spec()).open(path, split)


@pytest.mark.parametrize(
    ("content", "is_one"),
    [
        ({"images": [], "categories": []}, True),
        ({"info": {"description": "x" * 9000}, "images": []}, True),
        ({"licenses": "", "images": []}, True),
        ({"type": "instances", "annotations": []}, True),
        ({"categories": []}, True),
        ({"images": {"a": 1}}, False),
        ({"0": {"info": {}}}, False),
        ([{"image_id": 1, "annotations": []}], False),
        ({"camera_data": {}, "objects": []}, False),
    ],
)
def test_a_label_file_is_known_by_its_head(tmp_path: Path, content: object, is_one: bool) -> None:
    assert is_label_file(put(tmp_path / "x.json", content)) == is_one


def test_a_byte_order_mark_does_not_hide_one(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(json.dumps(tables()), encoding="utf-8-sig")
    assert is_label_file(tmp_path / "x.json")
    assert not is_label_file(tmp_path / "none.json")


def test_data_sets_of_others_are_left_alone(tmp_path: Path) -> None:
    """Our folders, BOP's scenes, hidden folders, and folders with a JSON file for each image."""
    ours = put(tmp_path / "ours" / "coco.json", tables())
    put(tmp_path / "ours" / "manifest.json", {})
    put(tmp_path / "000000" / "scene_gt_coco.json", tables())
    put(tmp_path / ".cache" / "x.json", tables())
    for number in range(100):
        put(tmp_path / "frames" / f"{number:06d}.json", tables())
    assert list(label_files(tmp_path)) == []
    assert list(label_files(tmp_path / "frames")) == []
    assert list(label_files(ours)) == [ours]


def test_captions_and_keypoints_beside_instances(tmp_path: Path, write_picture: Picture) -> None:
    """COCO's own folder: a split means its `instances_` file, and the others are asked for by their whole names."""
    for split in ("train2017", "val2017"):
        write_picture(tmp_path / split / "a.jpg", (20, 30))
        for kind, classes in (("captions", 0), ("instances", 2), ("person_keypoints", 1)):
            rows = {**tables("a.jpg"), "categories": [{"id": i, "name": f"{kind} {i}"} for i in range(classes)]}
            put(tmp_path / "annotations" / f"{kind}_{split}.json", rows)
    assert set(split_names(tmp_path)) == {"train2017", "val2017"}
    dataset = opened(tmp_path, "val2017")
    assert (dataset.root, dataset.classes) == (tmp_path / "val2017", ("instances 0", "instances 1"))
    assert opened(tmp_path, "person_keypoints_val2017").classes == ("person_keypoints 0",)
    with pytest.raises(DataError, match="split 'test2017' fits 0 COCO files"):
        opened(tmp_path, "test2017")


def test_a_lone_default_file_is_no_split(tmp_path: Path) -> None:
    file = put(tmp_path / "annotations" / "instances_default.json", tables())
    assert split_names(tmp_path) == split_names(file) == ()
    file.rename(file.with_name("instances_train.json"))
    assert split_names(tmp_path) == ("train",)


@pytest.mark.parametrize("place", ["", "images", "val", "images/val", "annotations", "annotations/images"])
def test_images_are_found_in_the_usual_places(tmp_path: Path, write_picture: Picture, place: str) -> None:
    write_picture(tmp_path / place / "a.jpg", (20, 30))
    file = put(tmp_path / "annotations" / "instances_val.json", tables("a.jpg"))
    for path in (tmp_path, file):
        dataset = opened(path)
        (sample,) = dataset.samples()
        assert (dataset.root / sample.image, sample.objects) == (tmp_path / place / "a.jpg", ())


def test_the_folder_of_the_split_goes_before_others(tmp_path: Path, write_picture: Picture) -> None:
    for split in ("train", "val"):
        write_picture(tmp_path / split / "a.jpg", (20, 30))
        put(tmp_path / "annotations" / f"instances_{split}.json", tables("a.jpg"))
    write_picture(tmp_path / "a.jpg", (20, 30))
    assert [opened(tmp_path, split).root for split in ("train", "val")] == [tmp_path / "train", tmp_path / "val"]


def test_images_in_several_places_count_from_the_folder(tmp_path: Path, write_picture: Picture) -> None:
    write_picture(tmp_path / "images" / "a.jpg", (20, 30))
    write_picture(tmp_path / "more" / "b.jpg", (20, 30))
    put(tmp_path / "x.json", tables("a.jpg", "b.jpg"))
    dataset = opened(tmp_path)
    assert (dataset.root, [s.image for s in dataset.samples()]) == (tmp_path, ["images/a.jpg", "more/b.jpg"])
