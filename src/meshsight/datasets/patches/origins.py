"""Where patches were cut: from which image, and which part of it, so that each can be found again.

In HDF5 that is three arrays, in PNG files it is text: see the pages of `patches_h5` and `patches_png`.

Shapes: n patches.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float32, Int64

from meshsight.core.container import read_path, rows_of
from meshsight.datasets.patches.png_text import MAGIC, read_text

PLACES, IMAGES, IMAGE_SIZES = "place", "image", "image_hw"
"""Arrays of an HDF5 file: corners x1, y1, x2, y2 of each patch as shares of its image; the image; height and width."""
CORNER_KEYS = ("p_min_x", "p_min_y", "p_max_x", "p_max_y")
IMAGE_KEY, SIZE_KEYS = "image", ("image_height", "image_width")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Origins:
    """Where patches come from.

    Attributes:
        images: of each patch, as the data set that it was cut from calls it.
        size_hw: of each patch's image in pixels.
        corners: x1, y1, x2, y2 in whole pixels of the image; they may lie outside.
    """

    images: tuple[str, ...]
    size_hw: Int64[np.ndarray, "n 2"]
    corners: Int64[np.ndarray, "n 4"]

    @property
    def places(self) -> Float32[np.ndarray, "n 4"]:
        """The corners as shares of the image."""
        height, width = self.size_hw.T
        return (self.corners / np.stack([width, height, width, height], axis=1)).astype(np.float32)

    def take(self, rows: Int64[np.ndarray, " k"] | Bool[np.ndarray, " n"]) -> "Origins":
        """Returns those of some of the patches."""
        indices = np.arange(len(self.images))[rows]
        images = tuple(self.images[index] for index in indices)
        return Origins(images=images, size_hw=self.size_hw[indices], corners=self.corners[indices])


def joined_origins(parts: Sequence[Origins | None]) -> Origins | None:
    """Returns several as one; None if one of them is unknown."""
    known = [part for part in parts if part is not None]
    if not known or len(known) < len(parts):
        return None
    return Origins(
        images=tuple(image for part in known for image in part.images),
        size_hw=np.concatenate([part.size_hw for part in known]),
        corners=np.concatenate([part.corners for part in known]),
    )


def origins_of(paths: Sequence[Path]) -> Origins | None:
    """Returns where patches come from, or None if that is not known of all of them.

    Args:
        paths: of the patches' images, which may lead into containers.
    """
    parts: list[Origins] = []
    for rows in runs_of(paths):
        part = _of_container(rows) or _of_files(rows)
        if part is None:
            return None
        parts.append(part)
    return joined_origins(parts)


def runs_of(paths: Sequence[Path]) -> Iterator[list[Path]]:
    """Yields neighbours that lie in one folder."""
    run: list[Path] = []
    for path in paths:
        if run and path.parent != run[0].parent:
            yield run
            run = []
        run.append(path)
    if run:
        yield run


def _of_container(rows: Sequence[Path]) -> Origins | None:
    file, names = rows[0].parent.parent, [row.name for row in rows]
    places, images, sizes = (rows_of(file / key, names) for key in (PLACES, IMAGES, IMAGE_SIZES))
    if places is None or images is None or sizes is None:
        return None
    height, width = sizes.T
    corners = places * np.stack([width, height, width, height], axis=1)
    return Origins(
        images=tuple(image.decode() for image in images.tolist()),
        size_hw=sizes.astype(np.int64),
        corners=np.round(corners).astype(np.int64),
    )


def _of_files(rows: Sequence[Path]) -> Origins | None:
    """Stops at the first file that does not say it, which is the first one of most foreign sets."""
    found: list[tuple[str, list[int], list[int]]] = []
    for path in rows:
        data = read_path(path) if path.suffix.lower() == ".png" and path.is_file() else b""
        text = read_text(data, path) if data.startswith(MAGIC) else {}
        try:
            numbers = [round(float(text[key])) for key in (*SIZE_KEYS, *CORNER_KEYS)]
            found.append((text[IMAGE_KEY], numbers[:2], numbers[2:]))
        except (KeyError, ValueError):
            return None
    return Origins(
        images=tuple(image for image, _, _ in found),
        size_hw=np.array([size for _, size, _ in found], dtype=np.int64),
        corners=np.array([corners for _, _, corners in found], dtype=np.int64),
    )
