"""Any data set by its path; and classes by name."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from meshsight.core.errors import DataError
from meshsight.datasets.classes import with_classes
from meshsight.datasets.folder import FrameLines, finish_folder, write_shard
from meshsight.datasets.format import FORMAT_KINDS
from meshsight.datasets.opening import open_dataset
from meshsight.datasets.plan import FolderPlan
from meshsight.datasets.sample_json import sample_to_json
from meshsight.records.dataset import Dataset
from meshsight.records.sample import ObjectLabel, Sample


def labelled(*class_ids: int) -> Sample:
    objects = tuple(ObjectLabel(class_id=class_id, box=(0.0, 0.0, 1.0, 1.0)) for class_id in class_ids)
    return Sample(image="a.jpg", size_hw=(4, 4), objects=objects, frame=0, group="a")


def dataset_of(classes: tuple[str, ...], *samples: Sample) -> Dataset:
    def stream() -> Iterator[Sample]:
        return iter(samples)

    return Dataset(
        root=Path("set"), classes=classes, num_samples=len(samples), samples=stream, name="set", fingerprint=None
    )


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "own"
    line = FrameLines(image="images/000000.png", image_sha256="0", label=sample_to_json(labelled(0, 1)), scene="{}")
    plan = FolderPlan(software="x", fingerprint="y", classes=("a", "b"), spec={})
    finish_folder(folder, plan, [write_shard(folder, 0, 0, [line])])
    return folder


def test_our_folder_is_known_though_it_holds_a_coco_file(own: Path) -> None:
    dataset = open_dataset(own)
    assert (dataset.classes, dataset.num_samples) == (("a", "b"), 1)
    assert dataset.fingerprint is not None
    with pytest.raises(DataError, match="no split 'test'"):
        open_dataset(f"{own}#test")


def test_a_hash_in_a_folder_name_is_no_split(own: Path) -> None:
    renamed = own.rename(own.with_name("own#2"))
    assert open_dataset(renamed).name == "own#2"


def test_an_unfinished_folder_is_not_taken_for_coco(own: Path) -> None:
    (own / ".run").mkdir()
    (own / "manifest.json").unlink()
    with pytest.raises(DataError, match="no finished data set"):
        open_dataset(own)


def test_what_is_no_data_set_says_what_was_looked_for(tmp_path: Path, own: Path) -> None:
    with pytest.raises(DataError, match="absent: no such data set"):
        open_dataset(tmp_path / "absent")
    with pytest.raises(DataError, match=f"did you mean '{own}'"):
        open_dataset(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError) as caught:
        open_dataset(tmp_path / "empty")
    for hint in ("COCO", "manifest.json", "Annotations/*.xml"):
        assert hint in str(caught.value)


def test_every_format_says_what_it_looks_for_and_takes_no_empty_folder(tmp_path: Path) -> None:
    for kind in FORMAT_KINDS.names:
        reader = FORMAT_KINDS.builder(kind)(FORMAT_KINDS.module(kind).Spec())
        assert reader.looks_for and not reader.recognises(tmp_path)
        with pytest.raises(DataError):
            reader.open(tmp_path, None)


def test_classes_are_renumbered_by_name() -> None:
    dataset = dataset_of(("dog", "cat"), labelled(0, 1, 1))
    (sample,) = with_classes(dataset, ("bird", "cat", "dog")).samples()
    assert [label.class_id for label in sample.objects] == [2, 1, 1]
    assert with_classes(dataset, ("dog", "cat")) is dataset


def test_unwanted_classes_are_refused_or_dropped() -> None:
    dataset = dataset_of(("dog", "cat"), labelled(0, 1, 1))
    with pytest.raises(DataError, match=r"set: class 'dog' is not among the 2 .*; did you mean 'dogs'\?"):
        with_classes(dataset, ("cat", "dogs"))
    (sample,) = with_classes(dataset, ("cat",), drop_others=True).samples()
    assert [label.class_id for label in sample.objects] == [0, 0]


def test_the_order_of_classes_can_be_asked_for(own: Path) -> None:
    (sample,) = open_dataset(own, classes=("b", "c", "a")).samples()
    assert [label.class_id for label in sample.objects] == [2, 0]
