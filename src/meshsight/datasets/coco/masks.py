"""Masks as COCO files hold them: polygons, or runs as a list or a compressed string.

Polygons are drawn with pycocotools, as every evaluation does.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import numpy as np
from jaxtyping import Int
from pycocotools import mask as coco_mask

from meshsight.core.errors import DataError
from meshsight.core.masks import RunLengthMask
from meshsight.datasets.coco.rows import RunLengthRow, Segmentation
from meshsight.records.sample import Polygon

# What reaches further out is no outline; drawing it would take memory without end.
_FURTHEST_PX = 100_000.0


class Outline(NamedTuple):
    """What a segmentation says; a mask beside polygons is drawn from them."""

    polygons: tuple[Polygon, ...] | None = None
    mask: RunLengthMask | None = None


def read_segmentation(segmentation: Segmentation | None, size_hw: tuple[int, int], where: str) -> Outline:
    """Returns the outline of an object; both parts are None when nothing is said.

    Raises:
        DataError: runs of another size, or a polygon that cannot be.
    """
    if not segmentation:
        return Outline()
    if isinstance(segmentation, RunLengthRow):
        return Outline(mask=_read_runs(segmentation, size_hw, where))
    rows = [row for row in segmentation if len(row) >= 6]  # fewer than three points enclose nothing
    polygons = tuple(_read_polygon(row, where) for row in rows)
    return Outline(polygons, _draw(rows, size_hw)) if polygons else Outline()


def draw_polygons(polygons: Sequence[Polygon], size_hw: tuple[int, int]) -> RunLengthMask:
    """Draws the union of outlines of at least three points each."""
    return _draw([points.ravel().tolist() for points in polygons], size_hw)


def checked_mask(counts: str, size_hw: tuple[int, int], where: str) -> RunLengthMask:
    """Returns the mask of compressed runs.

    Raises:
        DataError: the runs are not those of an image of this size.
    """
    _check_runs(uncompress_runs(counts), size_hw, where)
    return RunLengthMask(counts=counts, size_hw=size_hw)


def _read_runs(row: RunLengthRow, size_hw: tuple[int, int], where: str) -> RunLengthMask:
    if row.size != size_hw:
        raise DataError(f"{where}: a mask of size {row.size} in an image of {size_hw} (height, width)")
    if isinstance(row.counts, str):
        return checked_mask(row.counts, size_hw, where)
    _check_runs(np.array(row.counts, dtype=np.int64), size_hw, where)
    return _compressed(coco_mask.frPyObjects(cast("Any", row.model_dump()), *size_hw), size_hw)


def _check_runs(runs: Int[np.ndarray, " n"] | None, size_hw: tuple[int, int], where: str) -> None:
    height, width = size_hw
    if runs is None or runs.sum() != height * width or runs.min() < 0:
        covered = "no readable runs" if runs is None else f"runs over {runs.sum()} pixels"
        raise DataError(f"{where}: a mask with {covered}, for an image of {height * width}; its text is cut or damaged")


def uncompress_runs(counts: str) -> Int[np.ndarray, " n"] | None:
    """Returns the runs behind COCO's compressed string, or None where it cannot be one.

    A number is written in groups of five bits, the lowest first, each as the character 48 on; bit 5 says that more
    follow, and bit 4 of the last is the sign. From the fourth on, numbers are differences to the last but one.
    (pycocotools' `maskApi.c`; its own decoder fills what a string that is too short leaves open with chance.)
    """
    groups = np.frombuffer(counts.encode("latin-1", errors="replace"), np.uint8).astype(np.int64) - 48
    is_last = (groups & 32) == 0
    if not groups.size or groups.min() < 0 or groups.max() > 63 or not is_last[-1]:
        return None
    starts = np.flatnonzero(np.concatenate([[True], is_last[:-1]]))
    lengths = np.diff(starts, append=len(groups))
    if lengths.max() > 6:  # more than any image's pixels
        return None
    shifts = 5 * (np.arange(len(groups)) - np.repeat(starts, lengths))
    numbers = np.add.reduceat((groups & 31) << shifts, starts)
    numbers -= ((groups[is_last] & 16) >> 4) << 5 * lengths
    for first in (1, 2):
        numbers[first::2] = np.cumsum(numbers[first::2])
    return numbers


def _read_polygon(row: list[float], where: str) -> Polygon:
    points = np.array(row, dtype=np.float64)
    if len(points) % 2:
        raise DataError(f"{where}: a polygon of {len(points)} numbers; each point needs an x and a y")
    if not np.abs(points).max() <= _FURTHEST_PX:  # false for NaN, too
        raise DataError(f"{where}: a polygon that is not finite, or reaches beyond {_FURTHEST_PX:g} px")
    return points.reshape(-1, 2)


def _draw(rows: list[list[float]], size_hw: tuple[int, int]) -> RunLengthMask:
    drawn = coco_mask.frPyObjects(cast("Any", rows), *size_hw)
    return _compressed(drawn[0] if len(drawn) == 1 else coco_mask.merge(drawn), size_hw)


def _compressed(runs: Any, size_hw: tuple[int, int]) -> RunLengthMask:
    return RunLengthMask(counts=cast("dict[str, bytes]", runs)["counts"].decode("ascii"), size_hw=size_hw)
