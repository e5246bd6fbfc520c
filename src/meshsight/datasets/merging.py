"""Several data sets as one: their classes mapped onto one list, their names kept in images, groups and sources."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path

from pydantic import Field, field_validator

from meshsight.core.errors import CallError
from meshsight.core.kinds import did_you_mean
from meshsight.datasets.classes import renumbered
from meshsight.records.dataset import Dataset
from meshsight.records.sample import Sample
from meshsight.specs.base import Spec


class ClassMap(Spec):
    """What becomes of classes. A class is named as in its data set, or `SOURCE/CLASS` to mean that of one source."""

    rename: dict[str, str] = Field(default_factory=dict)
    """The new name by the old one; several old names may get one new one, which joins them."""
    drop: tuple[str, ...] = ()
    """Classes to leave out, with their objects."""

    @field_validator("rename")
    @classmethod
    def _no_empty_names(cls, value: dict[str, str]) -> dict[str, str]:
        if not all(name.strip() for item in value.items() for name in item):
            raise ValueError("a class has an empty name")
        return value

    def new_name(self, source: str, name: str) -> str | None:
        """Returns what a source's class is called after the merge, or None when it is dropped."""
        for key in (f"{source}/{name}", name):
            if key in self.drop:
                return None
            if key in self.rename:
                return self.rename[key]
        return name


def merged_classes(sources: Mapping[str, tuple[str, ...]], class_map: ClassMap) -> tuple[str, ...]:
    """Returns the classes of a merged set, in the order in which they come first.

    Args:
        sources: the classes of each source by its name.
        class_map: what becomes of them.

    Raises:
        CallError: the map names a class that no source has, says two things of one, or drops them all.
    """
    known = {key for source, names in sources.items() for name in names for key in (name, f"{source}/{name}")}
    for key in (*class_map.rename, *class_map.drop):
        if key not in known:
            names = dict.fromkeys(name for classes in sources.values() for name in classes)
            hint = did_you_mean(key, known) or f"; there are: {', '.join(names)}"
            raise CallError(f"the class map names '{key}', which no source has{hint}")
        if key in class_map.rename and key in class_map.drop:
            raise CallError(f"the class map both renames and drops '{key}'")
    new = (class_map.new_name(source, name) for source, names in sources.items() for name in names)
    classes = tuple(dict.fromkeys(name for name in new if name is not None))
    if not classes:
        raise CallError("the class map drops every class")
    return classes


def with_mapped_classes(dataset: Dataset, source: str, class_map: ClassMap, classes: tuple[str, ...]) -> Dataset:
    """Returns a source with the classes of the merged set."""
    new = {old: class_map.new_name(source, name) for old, name in enumerate(dataset.classes)}
    return renumbered(dataset, {old: classes.index(name) for old, name in new.items() if name is not None}, classes)


def merge_datasets(sources: Mapping[str, Dataset], root: Path) -> Dataset:
    """Returns one data set of several with equal classes.

    Args:
        sources: by name; images, groups and sources get the name in front, so the same name in two sets is two things.
        root: a folder in which each source's folder lies under its name, perhaps as a link.
    """
    first = next(iter(sources.values()))

    def samples() -> Iterator[Sample]:
        frames = count()
        for name, dataset in sources.items():
            yield from (_named(sample, name, next(frames)) for sample in dataset.samples())

    return Dataset(
        root=root,
        classes=first.classes,
        num_samples=sum(dataset.num_samples for dataset in sources.values()),
        samples=samples,
        name="+".join(sources),
        fingerprint=None,
    )


def _named(sample: Sample, name: str, frame: int) -> Sample:
    return replace(
        sample,
        frame=frame,
        image=f"{name}/{sample.image}",
        group=f"{name}/{sample.group}",
        source=name if sample.source is None else f"{name}/{sample.source}",
    )
