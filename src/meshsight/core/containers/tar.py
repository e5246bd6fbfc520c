"""Uncompressed tar archives, such as WebDataset shards: members are found once and read in place."""

import tarfile
from pathlib import Path

from meshsight.core.errors import DataError

SUFFIXES = (".tar",)


class TarContainer:
    """Knows where each regular member's bytes lie."""

    def __init__(self, file: Path) -> None:
        """Reads the headers.

        Raises:
            DataError: the archive is damaged.
        """
        self._file = file
        try:
            with tarfile.open(file, "r:") as archive:
                self._places = {m.name: (m.offset_data, m.size) for m in archive if m.isreg()}
        except tarfile.TarError as error:
            raise DataError(f"{file}: damaged or no tar archive ({error})") from error

    def names(self) -> tuple[str, ...]:
        """Returns the names of its files, in their order."""
        return tuple(self._places)

    def read(self, name: str) -> bytes:
        """Returns a file's bytes."""
        offset, size = self._places[name]
        with self._file.open("rb") as opened:
            opened.seek(offset)
            data = opened.read(size)
        if len(data) != size:
            raise DataError(f"{self._file}: cut off within '{name}'")
        return data


def build(file: Path) -> TarContainer:
    """Opens an archive."""
    return TarContainer(file)
