"""Rows of HDF5 arrays as PNG files: see `h5.py`.

Rows of shape h, w or h, w, 1 are grey; h, w, 2 is luminance with a second channel (the Y of YUV 4:2:2 with its U and V
in turn), written as grey with alpha; h, w, 3 is RGB.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import h5py  # pyright: ignore[reportMissingTypeStubs]
import numpy as np

from meshsight.core.errors import DataError
from meshsight.core.patch_png import encode_patch

_DIGITS = 6


class H5Container:
    """Keeps the file open; h5py serialises calls from several threads."""

    def __init__(self, file: Path) -> None:
        """Opens the file.

        Raises:
            DataError: it is damaged.
        """
        self._file = file
        try:
            self._opened = cast("Any", h5py.File(file, "r", locking=False))
        except OSError as error:
            raise DataError(f"{file}: damaged or no HDF5 file ({error})") from error

    def names(self) -> tuple[str, ...]:
        """Returns a name for each row of each array of images."""
        arrays = {key: len(array) for key, array in self._opened.items() if is_images(array)}
        return tuple(member_name(key, row) for key, count in arrays.items() for row in range(count))

    def read(self, name: str) -> bytes:
        """Returns a row as PNG.

        Raises:
            KeyError: there is no such array or row.
            DataError: the file is damaged.
        """
        key, _, row = name.removesuffix(".png").rpartition("/")
        array = self._opened.get(key)
        if not is_images(array) or not row.isdigit() or int(row) >= len(array):
            raise KeyError(name)
        try:
            return encode_patch(array[int(row)])
        except OSError as error:
            raise DataError(f"{self._file}: cannot read row {row} of '{key}' ({error})") from error

    def rows(self, key: str, names: Sequence[str]) -> np.ndarray | None:
        """Returns rows of an array as it is stored, by the names of their images; None where there is no such array.

        Raises:
            DataError: the file is damaged.
        """
        array = self._opened.get(key)
        if not isinstance(array, h5py.Dataset):
            return None
        try:
            stored = cast("Any", array)[()]
        except OSError as error:
            raise DataError(f"{self._file}: cannot read '{key}' ({error})") from error
        return stored[[int(name.removesuffix(".png")) for name in names]]


def build(file: Path) -> H5Container:
    """Opens a file."""
    return H5Container(file)


def member_name(key: str, row: int) -> str:
    """Returns the name under which a row of an array is read."""
    return f"{key}/{row:0{_DIGITS}d}.png"


def is_images(found: Any) -> bool:
    """Tells whether something in a file is an array of images: uint8 of n, h, w or n, h, w, 1 to 3."""
    if not isinstance(found, h5py.Dataset):
        return False
    array = cast("Any", found)
    return array.dtype == np.uint8 and (array.ndim == 3 or (array.ndim == 4 and array.shape[3] in (1, 2, 3)))
