"""Class ids by name: puts a data set's classes into the order that a detector or another data set uses."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from meshsight.core.errors import DataError
from meshsight.core.kinds import did_you_mean
from meshsight.records.dataset import Dataset
from meshsight.records.sample import Sample


def with_classes(dataset: Dataset, classes: tuple[str, ...], *, drop_others: bool = False) -> Dataset:
    """Returns the data set with its class ids renumbered to a given order of names.

    Args:
        dataset: any data set.
        classes: names in the wanted order; some may have no objects in this data set.
        drop_others: leave out objects of other classes instead of refusing them.

    Raises:
        DataError: the data set has a class that is not wanted, and `drop_others` is off.
    """
    others = [name for name in dataset.classes if name not in classes]
    if others and not drop_others:
        hint = did_you_mean(others[0], classes) or f"; expected: {', '.join(classes)}"
        raise DataError(f"{dataset.root}: class '{others[0]}' is not among the {len(classes)} that are asked for{hint}")
    if dataset.classes == classes:
        return dataset
    return renumbered(
        dataset, {old: classes.index(name) for old, name in enumerate(dataset.classes) if name in classes}, classes
    )


def renumbered(dataset: Dataset, ids: Mapping[int, int], classes: tuple[str, ...]) -> Dataset:
    """Returns the data set with other class ids.

    Args:
        dataset: any data set.
        ids: the new id of each old one; objects whose id is missing are left out.
        classes: names by new id.
    """

    def samples() -> Iterator[Sample]:
        return (_renumber(sample, ids) for sample in dataset.samples())

    return replace(dataset, classes=classes, samples=samples)


def _renumber(sample: Sample, ids: Mapping[int, int]) -> Sample:
    objects = (replace(label, class_id=ids[label.class_id]) for label in sample.objects if label.class_id in ids)
    return replace(sample, objects=tuple(objects))
