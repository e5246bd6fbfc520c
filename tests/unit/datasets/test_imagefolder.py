"""Hugging Face image folders: lines by hand, where class names come from, what is refused, and the library itself."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from meshsight.core.errors import DataError
from meshsight.datasets.formats import imagefolder
from meshsight.datasets.opening import open_dataset as open_any
from meshsight.datasets.target import Target
from meshsight.records.dataset import Dataset
from meshsight.records.sample import ObjectLabel, Sample

Picture = Callable[[Path, tuple[int, int]], None]


def open_dataset(source: str | Path, split: str | None = None) -> Dataset:
    return open_any(source, split=split, spec=imagefolder.Spec())


def line(name: str, boxes: list[list[float]], categories: list[int | str], **others: object) -> str:
    return json.dumps({"file_name": name, "objects": {"bbox": boxes, "categories": categories}, **others}) + "\n"


def put(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)


@pytest.fixture
def folder(tmp_path: Path, write_picture: Picture) -> Path:
    root = tmp_path / "set"
    for name in ("train/a.jpg", "train/inner/b.png", "test/c.jpg"):
        write_picture(root / name, (20, 40))
    put(root, "train/metadata.jsonl", line("a.jpg", [[1, 2, 3.5, 4]], [1]) + "\n" + line("inner/b.png", [], []))
    put(root, "test/metadata.jsonl", line("c.jpg", [[0, 0, 40, 20], [5, 5, 1, 1]], [2, 0], width=40, height=20, id=7))
    return root


def test_lines_become_samples(folder: Path) -> None:
    dataset = open_dataset(folder)
    assert (dataset.classes, dataset.num_samples) == (("0", "1", "2"), 3)
    c, a, b = dataset.samples()
    assert [(sample.image, sample.size_hw) for sample in (a, b, c)] == [
        ("train/a.jpg", (20, 40)),
        ("train/inner/b.png", (20, 40)),
        ("test/c.jpg", (20, 40)),
    ]
    assert [(label.class_id, label.box) for label in a.objects] == [(1, (1, 2, 4.5, 6))]
    assert [(label.class_id, label.box) for label in c.objects] == [(2, (0, 0, 40, 20)), (0, (5, 5, 6, 6))]
    assert b.objects == ()


def test_splits_are_folders(folder: Path) -> None:
    assert imagefolder.build(imagefolder.Spec()).splits(folder) == ("test", "train")
    assert [sample.image for sample in open_dataset(f"{folder}#test").samples()] == ["test/c.jpg"]
    with pytest.raises(DataError, match="no split 'val'; there are: test, train"):
        open_dataset(folder, split="val")


@pytest.mark.parametrize("base", [".", "data"])
def test_one_file_is_all_there_is(tmp_path: Path, write_picture: Picture, base: str) -> None:
    write_picture(tmp_path / base / "a.jpg", (20, 40))
    put(tmp_path, f"{base}/metadata.jsonl", line("a.jpg", [[1, 2, 3, 4]], ["dog"]))
    dataset = open_dataset(tmp_path)
    assert (dataset.classes, dataset.num_samples) == (("dog",), 1)
    assert imagefolder.build(imagefolder.Spec()).splits(tmp_path) == ()


CARD = """---
license: mit
dataset_info:
  features:
  - name: objects
    sequence:
    - name: category
      dtype:
        class_label:
          names: {names}
---
# Dogs
"""


@pytest.mark.parametrize(
    "names",
    [
        "{'1': on, '0': cat, '10': x, '2': 3, " + "'3': d, '4': e, '5': f, '6': g, '7': h, '8': i, '9': j}",
        "[cat, on, 3]",
    ],
)
def test_names_from_the_card(folder: Path, names: str) -> None:
    put(folder, "README.md", CARD.replace("{names}", names))
    assert open_dataset(folder).classes[:3] == ("cat", "on", "3")
    put(
        folder,
        "classes.json",
        '{"classes": [' + ", ".join(f'{{"name": "{n}", "written": "{n}"}}' for n in "abc") + "]}",
    )
    assert open_dataset(folder).classes == ("a", "b", "c")


@pytest.mark.parametrize("card", ["# Dogs", "---\n: [\n---\n", "---\nlicense: mit\n---\n", "---\n"])
def test_a_card_without_names_is_passed_over(folder: Path, card: str) -> None:
    put(folder, "README.md", card)
    assert open_dataset(folder).classes == ("0", "1", "2")


def test_categories_may_be_names(folder: Path) -> None:
    put(folder, "train/metadata.jsonl", line("a.jpg", [[1, 2, 3, 4]] * 2, ["dog", "cat"]))
    put(folder, "test/metadata.jsonl", line("c.jpg", [], []).replace("categories", "category"))
    assert open_dataset(folder).classes == ("cat", "dog")
    assert [label.class_id for label in list(open_dataset(folder).samples())[1].objects] == [1, 0]
    put(folder, "test/metadata.jsonl", line("c.jpg", [[1, 2, 3, 4]], [0]))
    with pytest.raises(DataError, match="some categories are names and some are numbers"):
        open_dataset(folder)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (line("a.jpg", [[1, 2, 3]], [0]), r"metadata\.jsonl, line 1: objects\.bbox\.0\.3: Field required"),
        (line("a.jpg", [[1, 2, 3, 4]], []), "objects: 1 boxes, but 0 categories"),
        (line("../a.jpg", [], []), "leads out of the data set's folder"),
        ('{"file_name": "a.jpg"}', "objects: Field required"),
        ("{", "Invalid JSON"),
        (line("lost.jpg", [], []), "no image 'lost.jpg' in .*train"),
        (line("a.jpg", [[1, 2, 50, 4]], [0]), "object 1: the box .*leaves its image"),
        (line("a.jpg", [[1, 2, 5, 4]], [-1]), "category '-1': expected one of 0, 1, 2, or its number"),
    ],
)
def test_bad_lines_are_named(folder: Path, text: str, message: str) -> None:
    put(folder, "train/metadata.jsonl", text)
    with pytest.raises(DataError, match=message):
        list(open_dataset(folder).samples())


def test_other_metadata_is_not_ours(tmp_path: Path) -> None:
    put(tmp_path, "metadata.jsonl", '{"file_name": "a.jpg", "text": "a dog"}\n')
    assert not imagefolder.build(imagefolder.Spec()).recognises(tmp_path)


def written(folder: Path, write_picture: Picture) -> list[Sample]:
    write_picture(folder / "source" / "a.png", (20, 40))
    label = ObjectLabel(class_id=1, box=(1.0, 2.0, 4.5, 6.0))
    sample = Sample(image="a.png", size_hw=(20, 40), objects=(label, label), frame=0, group="a")
    samples = [sample, replace(sample, objects=())]
    names = ("Stop sign", "ball", "yes")
    dataset = Dataset(
        root=folder / "source",
        classes=names,
        num_samples=2,
        samples=lambda: iter(samples),
        name="x",
        fingerprint=None,
    )
    imagefolder.build(imagefolder.Spec()).write({"train": dataset, "val": dataset}, Target(folder / "out"))
    return samples


def test_the_files_are_as_documented(tmp_path: Path, write_picture: Picture) -> None:
    written(tmp_path, write_picture)
    lines = (tmp_path / "out" / "train" / "metadata.jsonl").read_text().splitlines()
    assert lines[0] == (
        '{"file_name":"a.png","width":40,"height":20,'
        '"objects":{"bbox":[[1.0,2.0,3.5,4.0],[1.0,2.0,3.5,4.0]],"categories":[1,1]}}'
    )
    assert json.loads(lines[1])["objects"] == {"bbox": [], "categories": []}
    (tmp_path / "out" / "classes.json").unlink()
    assert open_dataset(tmp_path / "out").classes == ("Stop sign", "ball", "yes"), "the card tells them too"


def test_the_library_reads_it(tmp_path: Path, write_picture: Picture) -> None:
    datasets = pytest.importorskip("datasets")
    samples = written(tmp_path, write_picture)
    found = datasets.load_dataset("imagefolder", data_dir=str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))
    assert set(found) == {"train", "validation"}
    for row, sample in zip(found["train"], samples, strict=True):
        assert np.asarray(row["image"]).shape == (20, 40, 3)
        boxes = [[x, y, x + w, y + h] for x, y, w, h in row["objects"]["bbox"]]
        assert boxes == [list(label.box) for label in sample.objects]
        assert row["objects"]["categories"] == [label.class_id for label in sample.objects]
