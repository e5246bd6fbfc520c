"""The sizes of a COCO file's images: read where they are not said, and turned round where they are swapped.

Headers are read only on suspicion: boxes that fit an image lying on its side better, or a first image whose header says
so. Shapes: m images, n annotations.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Bool, Int

from meshsight.core.errors import ImageError
from meshsight.core.images import read_size_hw
from meshsight.datasets.coco.places import ImagePlace
from meshsight.datasets.coco.tables import CocoTables

SizeChecks = Literal["auto", "check", "trust"]
Sizes = Int[np.ndarray, "m 2"]


def true_sizes(tables: CocoTables, place: ImagePlace, how: SizeChecks, tolerance_px: float) -> Sizes:
    """Returns height and width of each image.

    Args:
        tables: the file; what is put right is counted in its repairs.
        place: its images.
        how: `trust` believes what is said; `auto` turns swapped sizes round; `check` reads every header and takes it.
        tolerance_px: how far a box may reach out of its image.

    Raises:
        ImageError: a size is not said and its image cannot be read.
    """
    paths = [place.root / name for name in place.names]
    sizes = tables.images.sizes_hw.copy()
    said = np.all(sizes > 0, axis=1)
    for index in np.flatnonzero(~said).tolist():
        sizes[index] = read_size_hw(paths[index])
    if how == "trust":
        return sizes
    suspects = said if how == "check" else said & _suspects(tables, sizes, paths, tolerance_px)
    fits = _fits(tables, sizes, tolerance_px)
    num_swapped = num_wrong = 0
    for index in np.flatnonzero(suspects).tolist():
        height, width = sizes[index].tolist()
        header = _header(paths[index])
        if header == (width, height) != (height, width) or (header is None and not fits[index] and how == "auto"):
            sizes[index] = width, height
            num_swapped += 1
        elif how == "check" and header not in (None, (height, width)):
            sizes[index] = header
            num_wrong += 1
    tables.repairs.add("images whose width and height were swapped", num_swapped)
    tables.repairs.add("images whose size was not that of their file", num_wrong)
    return sizes


def _suspects(tables: CocoTables, sizes: Sizes, paths: Sequence[Path], tolerance_px: float) -> Bool[np.ndarray, " m"]:
    """Picks images that could be lying on their side: all, if the first of them does, or those whose boxes say so.

    An image whose boxes would not fit then is none: its file may hold a turn that viewers apply (EXIF).
    """
    could_be = (sizes[:, 0] != sizes[:, 1]) & _fits(tables, sizes[:, ::-1], tolerance_px)
    first = np.flatnonzero(could_be)[:1].tolist()
    if first and _header(paths[first[0]]) == tuple(sizes[first[0], ::-1].tolist()):
        return could_be
    return could_be & ~_fits(tables, sizes, tolerance_px)


def _fits(tables: CocoTables, sizes: Sizes, tolerance_px: float) -> Bool[np.ndarray, " m"]:
    """Tells which images would hold all of their boxes."""
    reach = np.zeros((len(sizes), 2))
    for axis in range(2):
        np.fmax.at(reach[:, axis], tables.annotations.image, tables.annotations.boxes[:, 2 + axis])
    return np.all(reach <= sizes[:, ::-1] + tolerance_px, axis=1)


def _header(path: Path) -> tuple[int, int] | None:
    """Returns the size in an image's header, or None where there is none to be read."""
    try:
        return read_size_hw(path)
    except ImageError:
        return None
