"""Pickled ball patches of RoboCup's NaoTH: member `000012.png` is image 12 of the file, as a PNG.

The file is a stream of pickles: the mean, the images as floats in 0 to 1 less the mean, then labels. Nothing that it
names is run (see `core/array_pickle.py`). The whole file is held in memory, as its writer did.
"""

from pathlib import Path
from typing import Any, cast

import numpy as np
from jaxtyping import Float32

from meshsight.core.array_pickle import read_pickles
from meshsight.core.errors import DataError
from meshsight.core.patch_png import encode_patch

SUFFIXES = (".pkl", ".pickle")

_SLACK = 0.02
_DIGITS = 6


class PatchPickle:
    """The patches of one file, and the labels as they stand in it.

    Attributes:
        size_hw: of every patch.
        labels: what follows the images in the file.
    """

    def __init__(self, file: Path) -> None:
        """Reads the file.

        Raises:
            DataError: it is cut off, asks for code, or is something else.
        """
        values = list(read_pickles(file))
        if len(values) < 3:
            raise DataError(f"{file}: {len(values)} pickles; expected the mean, the images and their labels")
        self._images = _restore(values[0], values[1], file)
        self.size_hw = (int(self._images.shape[1]), int(self._images.shape[2]))
        self.labels = tuple(values[2:])

    def __len__(self) -> int:
        return len(self._images)

    def names(self) -> tuple[str, ...]:
        """Returns a name for each image."""
        return tuple(f"{row:0{_DIGITS}d}.png" for row in range(len(self)))

    def read(self, name: str) -> bytes:
        """Returns an image as PNG."""
        row = name.removesuffix(".png")
        if not row.isdigit() or int(row) >= len(self):
            raise KeyError(name)
        return encode_patch(np.clip(np.rint(self._images[int(row)] * 255), 0, 255).astype(np.uint8))


def build(file: Path) -> PatchPickle:
    """Reads a file."""
    return PatchPickle(file)


def _restore(mean: object, images: object, file: Path) -> Float32[np.ndarray, "n h w c"]:
    """Returns the images in 0..1 with their mean added again."""
    if not isinstance(images, np.ndarray):
        raise DataError(f"{file}: the second pickle must be the images, found {type(images).__name__}")
    array = cast("np.ndarray[Any, np.dtype[Any]]", images)
    if array.dtype.kind != "f" or array.ndim not in (3, 4) or not len(array):
        raise DataError(
            f"{file}: the second pickle must be images, floats of (n, h, w) or (n, h, w, c), "
            f"found {array.dtype} {array.shape}"
        )
    try:
        whole = np.asarray(array + np.broadcast_to(np.asarray(mean, np.float64), array.shape), dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise DataError(f"{file}: the first pickle must be the mean of the images ({error})") from error
    whole = whole.reshape(*array.shape[:3], -1)
    low, high = float(whole.min()), float(whole.max())
    if not (low >= -_SLACK and high <= 1 + _SLACK) or whole.shape[3] not in (1, 3):
        raise DataError(
            f"{file}: images with the mean added must lie in 0..1 and have 1 or 3 channels, "
            f"found {low:.3g} to {high:.3g} and {whole.shape[3]}"
        )
    return whole
