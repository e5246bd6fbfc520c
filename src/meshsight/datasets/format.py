"""What every data set format offers; a format is a file in `formats/`, and its file name is its `kind`."""

from pathlib import Path
from typing import Protocol, runtime_checkable

from meshsight.core.kinds import Kinds
from meshsight.records.dataset import Dataset

FORMAT_KINDS = Kinds("meshsight.datasets.formats", "format")


@runtime_checkable
class Format(Protocol):
    """A reader of one kind of data set; `build(spec)` of a format's file returns one."""

    @property
    def looks_for(self) -> str:
        """What `recognises` needs to find, for messages."""
        ...

    def recognises(self, path: Path) -> bool:
        """Tells cheaply whether a file or folder is of this kind."""
        ...

    def open(self, path: Path, split: str | None) -> Dataset:
        """Opens a data set, or one named split of it.

        Raises:
            DataError: a label or image is missing or bad, or there is no such split.
        """
        ...
