"""The data set folder: what is written is read, by us and by pycocotools; what is unfinished or damaged is refused."""

import contextlib
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from meshsight.core.errors import DataError
from meshsight.core.files import sha256_of
from meshsight.core.masks import decode_mask, mask_area, tight_box
from meshsight.datasets.coco.keypoints import SKELETON
from meshsight.datasets.folder import FrameLines, finish_folder, open_folder, remove_torn_files, write_shard
from meshsight.datasets.manifest import Manifest, read_manifest
from meshsight.datasets.opening import open_dataset
from meshsight.datasets.plan import FolderPlan, first_difference, why_not_the_same
from meshsight.datasets.sample_json import sample_to_json
from meshsight.records.sample import Sample

PLAN = FolderPlan(software="meshsight 1", fingerprint="f" * 16, classes=("mug", "Tasse groß"), spec={"seed": 0})


@pytest.fixture
def samples(random_sample: Callable[[int, int], Sample]) -> list[Sample]:
    return [random_sample(seed, seed) for seed in range(7)]


@pytest.fixture
def folder(tmp_path: Path, samples: list[Sample]) -> Path:
    write(tmp_path / "set", samples)
    return tmp_path / "set"


def write(folder: Path, samples: list[Sample]) -> Manifest:
    lines = [
        FrameLines(image=s.image, image_sha256=sha256_of(s.image.encode()), label=sample_to_json(s), scene="{}")
        for s in samples
    ]
    shards = [write_shard(folder, 0, 0, lines[:4]), write_shard(folder, 1, 4, lines[4:])]
    return finish_folder(folder, PLAN, shards)


def open_coco(path: Path) -> COCO:
    with contextlib.redirect_stdout(io.StringIO()):
        return COCO(str(path))


def test_samples_stream_back_in_order(folder: Path, samples: list[Sample]) -> None:
    dataset = open_folder(folder)
    assert (dataset.classes, dataset.num_samples, dataset.name) == (PLAN.classes, 7, "set")
    for _ in range(2):
        assert [sample_to_json(s) for s in dataset.samples()] == [sample_to_json(s) for s in samples]


def test_equal_content_has_an_equal_fingerprint(folder: Path, tmp_path: Path, samples: list[Sample]) -> None:
    write(tmp_path / "again", samples)
    write(tmp_path / "other", samples[::-1])
    prints = [open_folder(place).fingerprint for place in (folder, tmp_path / "again", tmp_path / "other")]
    assert prints[0] == prints[1] != prints[2]


def test_pycocotools_reads_the_same_labels(folder: Path, samples: list[Sample]) -> None:
    coco = open_coco(folder / "coco.json")
    assert [c["name"] for c in coco.loadCats(coco.getCatIds())] == list(PLAN.classes)
    assert coco.getCatIds() == [1, 2] and min(coco.getAnnIds()) == 1
    for sample in samples:
        (image,) = coco.loadImgs([sample.frame])
        assert (image["file_name"], image["height"], image["width"]) == (sample.image, *sample.size_hw)
        rows = coco.loadAnns(coco.getAnnIds(imgIds=[sample.frame]))
        assert len(rows) == len(sample.objects)
        for row, label in zip(rows, sample.objects, strict=True):
            assert label.mask is not None and label.keypoints is not None and label.pixels is not None
            mask = coco.annToMask(row)
            assert np.array_equal(mask.astype(bool), decode_mask(label.mask))
            assert row["area"] == mask.sum() == coco_mask.area(coco.annToRLE(row))
            assert row["category_id"] == label.class_id + 1 and row["iscrowd"] == label.is_ignored
            x, y, width, height = row["bbox"]
            assert np.allclose((x, y, x + width, y + height), label.box)
            assert np.allclose(np.reshape(row["keypoints"], (-1, 3)), label.keypoints, atol=5e-4)
            assert row["visibility"] == pytest.approx(label.pixels.visibility, abs=1e-6)


def test_our_coco_reader_reads_it_too(
    tmp_path: Path, random_sample: Callable[[int, int], Sample], write_picture: Callable[[Path, tuple[int, int]], None]
) -> None:
    samples = [with_true_boxes(random_sample(seed, seed)) for seed in range(7)]
    write(tmp_path, samples)
    for sample in samples:
        write_picture(tmp_path / sample.image, sample.size_hw)
    dataset = open_dataset(tmp_path / "coco.json")
    assert dataset.classes == PLAN.classes
    for ours, theirs in zip(samples, dataset.samples(), strict=True):
        assert (theirs.image, theirs.size_hw) == (ours.image, ours.size_hw)
        for a, b in zip(ours.objects, theirs.objects, strict=True):
            assert (a.class_id, a.box, a.mask, a.is_ignored) == (b.class_id, b.box, b.mask, b.is_ignored)


def with_true_boxes(sample: Sample) -> Sample:
    objects = [label for label in sample.objects if label.mask is not None and mask_area(label.mask)]
    boxes = [tight_box(decode_mask(label.mask)) for label in objects if label.mask is not None]
    labels = [replace(a, box=tuple(b.tolist())) for a, b in zip(objects, boxes, strict=True) if b is not None]
    return replace(sample, objects=tuple(labels))


def test_the_skeleton_is_a_cube() -> None:
    corners = np.array([[i & 1, i >> 1 & 1, i >> 2] for i in range(8)])
    lengths = [np.abs(corners[a - 1] - corners[b - 1]).sum() for a, b in SKELETON]
    assert lengths == [1] * 12 and len({tuple(edge) for edge in SKELETON}) == 12


def test_an_unfinished_folder_says_how_to_finish_it(tmp_path: Path, folder: Path) -> None:
    (folder / "manifest.json").unlink()
    with pytest.raises(DataError, match=r"set: no manifest\.json, so this is no finished data set.*--resume"):
        open_folder(folder)
    with pytest.raises(DataError, match="absent: no such data set folder"):
        open_folder(tmp_path / "absent")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 4}, r"manifest\.json: format version 4, this program reads 3"),
        ({"format": "other"}, r"manifest\.json: no manifest of a meshsight-dataset"),
        ({"num_frames": -1}, r"manifest\.json: num_frames: .*; the file was changed or damaged"),
        ({"host": "me"}, r"manifest\.json: host: unknown key 'host'"),
    ],
)
def test_a_changed_manifest_is_refused(folder: Path, change: dict[str, object], message: str) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(DataError, match=message):
        read_manifest(folder)


def test_a_torn_manifest_is_refused(folder: Path) -> None:
    path = folder / "manifest.json"
    path.write_text(path.read_text()[:-20])
    with pytest.raises(DataError, match=r"manifest\.json: no JSON .* damaged"):
        read_manifest(folder)


def test_torn_files_go_and_others_stay(folder: Path) -> None:
    before = sorted(folder.rglob("*"))
    for place in ("", "images", "labels", "scenes"):
        (folder / place).mkdir(exist_ok=True)
        (folder / place / ".000007.png.99.tmp").write_text("x")
    assert remove_torn_files(folder) == 4
    assert sorted(p for p in folder.rglob("*") if p.name != "images") == [p for p in before if p.name != "images"]


def test_recipes_are_compared_by_path() -> None:
    old = {"seed": 0, "objects": [{"name": "mug", "scale": 1.0}], "count": {"high": 6}}
    assert first_difference(old, json.loads(json.dumps(old))) is None
    assert first_difference(old, {**old, "seed": 1}) == "seed: was 0, is 1"
    other = {**old, "objects": [{"name": "cup", "scale": 1.0}]}
    assert first_difference(old, other) == 'objects[0].name: was "mug", is "cup"'
    assert first_difference(old, {**old, "objects": []}) == 'objects: was [{"name":"mug","scale":1.0}], is []'


def test_a_run_goes_on_only_with_the_same_recipe_files_and_program() -> None:
    assert why_not_the_same(PLAN, PLAN) is None
    assert why_not_the_same(PLAN, PLAN.evolve(fingerprint="e", spec={"seed": 1})) == "seed: was 0, is 1"
    assert why_not_the_same(PLAN, PLAN.evolve(fingerprint="e")) == "a file that the recipe names has other content"
    assert why_not_the_same(PLAN, PLAN.evolve(software="meshsight 2")) == (
        "it was begun with meshsight 1, this is meshsight 2"
    )
