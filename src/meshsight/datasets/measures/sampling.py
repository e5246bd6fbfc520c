"""A few samples spread evenly over a data set, found in one pass."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from meshsight.records.dataset import Dataset
from meshsight.records.sample import Sample


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Picked:
    """A sample and where it is from."""

    sample: Sample
    root: Path
    split: str

    @property
    def path(self) -> Path:
        """Path of its image."""
        return self.root / self.sample.image


def even_indices(total: int, count: int) -> list[int]:
    """Returns at most `count` indices below `total`, spread evenly from 0 on."""
    step = max(1.0, total / max(count, 1))
    return sorted({int(i * step) for i in range(min(count, total))})


def pick_samples(parts: Mapping[str, Dataset], count: int) -> list[Picked]:
    """Returns at most `count` samples, spread evenly over all parts; only those are held."""
    wanted = set(even_indices(sum(part.num_samples for part in parts.values()), count))
    pairs = chain.from_iterable(((split, part, s) for s in part.samples()) for split, part in parts.items())
    return [
        Picked(sample=sample, root=part.root, split=split)
        for index, (split, part, sample) in enumerate(pairs)
        if index in wanted
    ]


def pick_evenly(items: Sequence[Picked], count: int) -> list[Picked]:
    """Returns at most `count` of some items, spread evenly."""
    return [items[index] for index in even_indices(len(items), count)]
