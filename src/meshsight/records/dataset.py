"""A data set as the stages after it see it: class names and samples that stream."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from meshsight.records.sample import Sample


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dataset:
    """A readable data set of any format.

    Attributes:
        root: folder that the samples' image paths are relative to.
        classes: names by class id.
        num_samples: how many samples `samples` yields.
        samples: starts a new pass over all samples, in a fixed order, without holding them.
        name: what reports call it.
        fingerprint: names the content, or None for a foreign folder.
    """

    root: Path
    classes: tuple[str, ...]
    num_samples: int
    samples: Callable[[], Iterator[Sample]]
    name: str
    fingerprint: str | None
