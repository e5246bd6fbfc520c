"""Conversion: splits, settings, counts, and what is refused. Formats have their own tests; see also `end_to_end`."""

import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from meshsight.cli.main import program
from meshsight.core.errors import CallError, DataError, SpecError, StorageError
from meshsight.core.files import sha256_of
from meshsight.datasets.format import WHOLE
from meshsight.datasets.manifest import read_manifest
from meshsight.datasets.opening import open_dataset
from meshsight.datasets.sample_json import sample_to_json
from meshsight.datasets.target import ImageMode
from meshsight.records.dataset import Dataset
from meshsight.workflows.convert import convert, read_settings
from meshsight.workflows.format_specs import format_spec, writer_of
from meshsight.workflows.reading import Reading
from meshsight.workflows.verify import verify
from meshsight.workflows.writing import Writing, write_dataset

from ...contracts.labelled import CLASSES, dataset_of, labelled_folder

OWN = format_spec("meshsight")
SHARDS = format_spec("webdataset")


@pytest.fixture
def drawn(tmp_path: Path) -> Dataset:
    return labelled_folder(tmp_path / "drawn", seed=1)


@pytest.fixture
def own(tmp_path: Path, drawn: Dataset) -> Path:
    write_dataset({WHOLE: drawn}, tmp_path / "own", writer_of(OWN))
    return tmp_path / "own"


@pytest.fixture
def parted(tmp_path: Path, drawn: Dataset) -> Path:
    """Shards with the splits `train` and `val`."""
    samples = list(drawn.samples())
    parts = {"train": dataset_of(samples[:3], drawn.root), "val": dataset_of(samples[3:], drawn.root)}
    write_dataset(parts, tmp_path / "parted", writer_of(SHARDS))
    return tmp_path / "parted"


def lines(dataset: Dataset) -> list[str]:
    return [sample_to_json(replace(sample, image="")) for sample in dataset.samples()]


def test_our_folder_goes_through_shards_and_back_without_a_change(own: Path, tmp_path: Path) -> None:
    done = convert(own, tmp_path / "shards", to=SHARDS)
    assert (done.source_kind, done.kind, done.repairs) == ("meshsight", "webdataset", ())
    (part,) = done.written.parts
    assert (part.split, part.num_images) == (None, 4)
    assert part.num_objects == sum(len(sample.objects) for sample in open_dataset(own).samples())
    assert (done.written.dropped, done.written.left_out, done.written.notes) == ({}, {}, {})
    convert(tmp_path / "shards", tmp_path / "back", to=OWN)
    assert lines(open_dataset(tmp_path / "back")) == lines(open_dataset(own))
    assert verify(tmp_path / "back").is_good
    assert [*read_manifest(tmp_path / "back").shards[0].images.values()] == [
        *read_manifest(own).shards[0].images.values()
    ]


def test_a_folder_of_ours_is_named_by_its_content(own: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        convert(own, tmp_path / name, to=OWN)
    assert read_manifest(tmp_path / "a") == read_manifest(tmp_path / "b")
    assert read_manifest(tmp_path / "a").fingerprint == read_manifest(own).fingerprint
    convert(own, tmp_path / "c", to=OWN, reading=Reading(classes=tuple(reversed(CLASSES))))
    assert read_manifest(tmp_path / "c").fingerprint != read_manifest(own).fingerprint


def test_shards_are_cut_as_asked(own: Path, tmp_path: Path) -> None:
    convert(own, tmp_path / "three", to=format_spec("meshsight", ["shard_images=3"]))
    manifest = read_manifest(tmp_path / "three")
    assert [(shard.first_frame, shard.num_frames) for shard in manifest.shards] == [(0, 3), (3, 1)]
    assert verify(tmp_path / "three").is_good


def test_every_split_is_converted_each_into_a_folder_where_the_format_has_none(parted: Path, tmp_path: Path) -> None:
    done = convert(parted, tmp_path / "out", to=OWN)
    assert [(part.split, part.num_images) for part in done.written.parts] == [("train", 3), ("val", 1)]
    for name in ("train", "val"):
        assert verify(tmp_path / "out" / name).is_good
        assert [sample.frame for sample in open_dataset(tmp_path / "out" / name).samples()] == [*range(3)][
            : 3 - 2 * (name == "val")
        ]
    again = convert(parted, tmp_path / "kept", to=SHARDS)
    assert [part.split for part in again.written.parts] == ["train", "val"]
    assert lines(open_dataset(f"{tmp_path / 'kept'}#val")) == lines(open_dataset(f"{parted}#val"))


def test_one_split_can_be_asked_for(parted: Path, tmp_path: Path) -> None:
    convert(f"{parted}#val", tmp_path / "a", to=OWN)
    convert(parted, tmp_path / "b", to=OWN, reading=Reading(split="val"))
    assert lines(open_dataset(tmp_path / "a")) == lines(open_dataset(tmp_path / "b"))
    assert open_dataset(tmp_path / "a").num_samples == 1
    with pytest.raises(DataError, match=r"splits of parted: train, val"):
        convert(f"{parted}#test", tmp_path / "c", to=OWN)


@pytest.mark.parametrize("mode", ["copy", "hardlink", "symlink", "none"])
def test_images_come_as_asked(own: Path, tmp_path: Path, mode: ImageMode) -> None:
    convert(own, tmp_path / "out", to=OWN, writing=Writing(images=mode))
    image = tmp_path / "out" / "images" / "000001.png"
    assert image.exists() == (mode != "none")
    if mode != "none":
        assert image.is_symlink() == (mode == "symlink")
        assert image.samefile(own / "images" / "000001.png") == (mode != "copy")
    assert verify(tmp_path / "out").is_good == (mode != "none")


def test_odd_image_names_come_through(drawn: Dataset, tmp_path: Path) -> None:
    names = ("a/Straße 1.png", "b/Straße 1.png", "c d.png", "日本.png")
    samples = [replace(sample, image=name) for sample, name in zip(drawn.samples(), names, strict=True)]
    for old, new in zip(drawn.samples(), names, strict=True):
        (drawn.root / new).parent.mkdir(exist_ok=True)
        (drawn.root / old.image).rename(drawn.root / new)
    write_dataset({WHOLE: dataset_of(samples, drawn.root)}, tmp_path / "Größe 1", writer_of(OWN))
    convert(tmp_path / "Größe 1", tmp_path / "shards", to=SHARDS)
    assert verify(tmp_path / "Größe 1").is_good
    found = open_dataset(tmp_path / "Größe 1")
    assert [sample.image for sample in found.samples()] == [f"images/{name}" for name in names]
    for sample, name in zip(found.samples(), names, strict=True):
        assert (found.root / sample.image).read_bytes() == (drawn.root / name).read_bytes()


def test_an_image_that_two_samples_label_is_refused(drawn: Dataset, tmp_path: Path) -> None:
    first, *_ = drawn.samples()
    with pytest.raises(DataError, match=r"000000\.png: two samples label this image"):
        write_dataset({WHOLE: dataset_of([first, first], drawn.root)}, tmp_path / "out", writer_of(OWN))
    assert not (tmp_path / "out").exists()


def test_scenes_stay_behind_and_that_is_said(own: Path, tmp_path: Path) -> None:
    manifest = json.loads((own / "manifest.json").read_text())
    (own / "scenes").mkdir()
    (own / "scenes" / "00000.jsonl").write_text("{}\n" * 4)
    manifest["shards"][0]["scenes_sha256"] = sha256_of(b"{}\n" * 4)
    (own / "manifest.json").write_text(json.dumps(manifest))
    assert verify(own).is_good
    done = convert(own, tmp_path / "out", to=OWN)
    assert done.written.notes == {"scenes (how the images were made) left behind": 4}
    assert verify(tmp_path / "out").is_good and not (tmp_path / "out" / "scenes").exists()


def test_a_good_folder_is_told_from_a_changed_one(own: Path) -> None:
    label = own / "labels" / "00000.jsonl"
    label.write_text(label.read_text().replace("scene-", "szene-"))
    (own / "scenes").mkdir()
    (own / "scenes" / "00000.jsonl").write_text("{}")
    (own / "images" / "odd").mkdir()
    assert {finding.path for finding in verify(own).findings} == {
        *("labels/00000.jsonl", "scenes/00000.jsonl", "images/odd"),
    }


def test_what_stands_in_the_way_is_refused(own: Path, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("x")
    with pytest.raises(CallError, match=r"full: not empty\. Name another folder, or remove this one\."):
        convert(own, tmp_path / "full", to=SHARDS)
    with pytest.raises(CallError, match="lies within the data set"):
        convert(own, own / "inner", to=SHARDS)
    with pytest.raises(DataError, match="absent: no such data set"):
        convert(tmp_path / "absent", tmp_path / "out", to=SHARDS)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["drawn", "full", "own"]


def test_a_failure_half_way_leaves_nothing(own: Path, tmp_path: Path) -> None:
    (own / "images" / "000003.png").unlink()
    with pytest.raises(DataError, match=r"000003\.png"):
        convert(own, tmp_path / "out", to=OWN)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["drawn", "own"]


@pytest.mark.parametrize("place", ["shutil.copyfile", "pathlib.Path.write_bytes"])
def test_a_full_disk_leaves_nothing(own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(place, full)
    with pytest.raises(StorageError, match="No space left on device"):
        convert(own, tmp_path / "out", to=OWN)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["drawn", "own"]


def test_settings_reach_both_sides() -> None:
    given = read_settings("x", to="webdataset", kind="voc", overrides=["shard_images=7", "from.bad_boxes=drop"])
    assert given.source is not None
    assert given.to.model_dump() == {"kind": "webdataset", "shard_images": 7}
    assert given.source.model_dump()["bad_boxes"] == "drop"
    with pytest.raises(SpecError, match="format 'webdataset': shards: unknown key 'shards'; did you mean"):
        read_settings("x", to="webdataset", overrides=["shards=7"])
    with pytest.raises(CallError, match="no format of kind 'webdata'; did you mean 'webdataset'"):
        read_settings("x", to="webdata")


def test_a_readers_settings_need_no_kind(own: Path) -> None:
    given = read_settings(own, to="webdataset", overrides=["from.shard_images=3"])
    assert given.source is not None and given.source.kind == "meshsight"


def test_the_verb_tells_what_it_did(own: Path, parted: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(program, ["convert", str(parted), str(tmp_path / "a"), "--to", "meshsight", "--json"])
    assert done.exit_code == 0
    told = json.loads(done.stdout)
    assert (told["source_kind"], told["kind"], told["written"]["folder"]) == (
        "webdataset",
        "meshsight",
        str(tmp_path / "a"),
    )
    assert [(part["split"], part["num_images"]) for part in told["written"]["parts"]] == [("train", 3), ("val", 1)]
    words = CliRunner().invoke(program, ["convert", str(own), str(tmp_path / "b"), "--to", "webdataset"])
    assert words.stdout.splitlines()[0] == f"{own} (meshsight) -> {tmp_path / 'b'} (webdataset)"
    again = CliRunner().invoke(program, ["convert", str(own), str(tmp_path / "b"), "--to", "webdataset"])
    assert again.exit_code == 2 and "not empty" in again.stderr


def test_warnings_of_the_reader_stand_in_the_result_once(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def warned(path: Path, **_: object) -> Dataset:
        for _ in range(2):
            logging.getLogger("meshsight.datasets.foreign").warning("%s: clipped %d boxes", path.name, 3)
        return open_dataset(path)

    monkeypatch.setattr("meshsight.workflows.reading.open_dataset", warned)
    assert convert(own, tmp_path / "out", to=SHARDS).repairs == ("own: clipped 3 boxes",)
