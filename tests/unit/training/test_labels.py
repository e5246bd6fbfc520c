from dataclasses import replace

import pytest

from meshsight.core.errors import DataError
from meshsight.records.dataset import Dataset
from meshsight.records.sample import ObjectLabel, PixelCounts
from meshsight.training.labels import read_labels

BOX = (0.0, 0.0, 9.0, 9.0)


def test_rows_belong_to_their_images(make_dataset) -> None:
    dataset = make_dataset()
    table = read_labels([dataset, make_dataset("other", num=3, seed=1)], 0.0)
    assert len(table) == 15
    for index, sample in enumerate(dataset.samples()):
        rows = table.rows(index)
        assert table.boxes[rows].tolist() == [list(label.box) for label in sample.objects]
        assert table.class_ids[rows].tolist() == [label.class_id for label in sample.objects]
        assert table.image_hw(index) == sample.size_hw
        assert table.paths[index] == dataset.root / sample.image


def test_hardly_visible_objects_and_crowds_are_not_asked_for(make_dataset) -> None:
    dataset = make_dataset(num=1)
    labels = (
        ObjectLabel(class_id=0, box=BOX, pixels=PixelCounts(full=100, inside=100, visible=24)),
        ObjectLabel(class_id=0, box=BOX, pixels=PixelCounts(full=100, inside=50, visible=25)),
        ObjectLabel(class_id=1, box=BOX, is_ignored=True),
        ObjectLabel(class_id=1, box=BOX),
    )
    samples = [replace(sample, objects=labels) for sample in dataset.samples()]
    table = read_labels([replace(dataset, samples=lambda: iter(samples))], 0.25)
    assert table.is_ignored.tolist() == [True, False, True, False]
    assert table.objects_per_class() == {"red": 1, "green": 1}


def test_sets_of_other_classes_and_empty_sets_are_refused(make_dataset) -> None:
    dataset = make_dataset()
    with pytest.raises(DataError, match=r"swapped: its classes \(green, red\) are not those of toy"):
        read_labels([dataset, replace(dataset, classes=("green", "red"), name="swapped")], 0.0)
    with pytest.raises(DataError, match="no images"):
        read_labels([replace(dataset, samples=lambda: iter(()))], 0.0)


def test_the_fingerprint_names_labels_and_not_folders(make_dataset) -> None:
    def name(dataset: Dataset, min_visibility: float = 0.0) -> str:
        return read_labels([dataset], min_visibility).fingerprint()

    first = make_dataset("a")
    assert name(first) == name(make_dataset("b"))
    assert name(first) != name(make_dataset("c", seed=1))
    assert name(first) != name(replace(first, classes=("x", "y")))
