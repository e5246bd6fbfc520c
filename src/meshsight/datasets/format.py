"""What a data set format offers; a format is a file in `formats/`, and its file name is its `kind`.

`build(spec)` of that file returns an object that is a `Reader`, a `Writer`, or both.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, runtime_checkable

from meshsight.core.kinds import Kinds
from meshsight.datasets.capacity import Capacity
from meshsight.datasets.target import Target
from meshsight.records.dataset import Dataset

FORMAT_KINDS = Kinds("meshsight.datasets.formats", "format")

WHOLE = ""
"""The name of the part of a data set that has no named splits."""


@runtime_checkable
class Reader(Protocol):
    """Reads one kind of data set."""

    @property
    def looks_for(self) -> str:
        """What `recognises` needs to find, for messages."""
        ...

    def recognises(self, path: Path) -> bool:
        """Tells cheaply whether a file or folder is of this kind."""
        ...

    def splits(self, path: Path) -> tuple[str, ...]:
        """Returns the names of a data set's splits in their usual order; () when it has none."""
        ...

    def open(self, path: Path, split: str | None) -> Dataset:
        """Opens a data set, or one named split of it.

        Raises:
            DataError: a label or image is missing or bad, or there is no such split.
        """
        ...


@runtime_checkable
class Writer(Protocol):
    """Writes one kind of data set."""

    @property
    def capacity(self) -> Capacity:
        """What of a sample the format can say."""
        ...

    def write(self, parts: Mapping[str, Dataset], target: Target) -> None:
        """Writes a data set.

        Args:
            parts: the splits by name, or one part named WHOLE. All have the same classes. Their samples are reduced to
                `capacity` already, so a writer meets nothing that it cannot write; each pass over them is counted in
                the progress.
            target: the folder to write into, which places images too.

        Raises:
            DataError: class names that the format cannot hold, or an image is missing.
            StorageError: the disk is full.
        """
        ...
