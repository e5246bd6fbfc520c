"""What a split never parts: all samples of one scene or source photograph, and, if wished, of one folder or source."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Literal

from meshsight.records.sample import Sample

By = Literal["group", "folder", "source"]


@dataclass(slots=True)
class Unit:
    """Samples that stay together.

    Attributes:
        name: depends on nothing but the samples in it.
        num_images: how many they are.
        num_objects: objects in them by class id; regions to ignore do not count.
    """

    name: str
    num_images: int = 0
    num_objects: Counter[int] = field(default_factory=Counter[int])


def units_of(samples: Iterable[Sample], by: By) -> tuple[Unit, ...]:
    """Returns the unit of each sample, in their order; samples of one unit share the object.

    Args:
        samples: one pass over a data set.
        by: `group` keeps groups whole; `folder` and `source` also keep whole what lies in one folder of images or comes
            from one source, and so the groups that these have in common.
    """
    order: list[tuple[str, ...]] = []
    counts: dict[tuple[str, ...], Unit] = {}
    for sample in samples:
        keys = _keys(sample, by)
        order.append(keys)
        unit = counts.setdefault(keys, Unit(keys[0]))
        unit.num_images += 1
        unit.num_objects.update(label.class_id for label in sample.objects if not label.is_ignored)
    names = _names(counts)
    units = {name: Unit(name) for name in names.values()}
    for keys, counted in counts.items():
        units[names[keys]].num_images += counted.num_images
        units[names[keys]].num_objects += counted.num_objects
    return tuple(units[names[keys]] for keys in order)


def _keys(sample: Sample, by: By) -> tuple[str, ...]:
    if by == "group":
        return (sample.group,)
    place = str(PurePosixPath(sample.image).parent) if by == "folder" else sample.source or ""
    return (f"{by} {place}", f"group {sample.group}")


def _names(linked: Collection[tuple[str, ...]]) -> dict[tuple[str, ...], str]:
    """Names each tuple of keys after the smallest key that it is linked to, directly or through others."""
    parent: dict[str, str] = {}

    def top(key: str) -> str:
        while parent.setdefault(key, key) != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    for first, *others in linked:
        for other in others:
            low, high = sorted((top(first), top(other)))
            parent[high] = low
    return {keys: top(keys[0]) for keys in linked}
