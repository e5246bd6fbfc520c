"""One row of a DOTA label file, read and written: four corners, a class and a difficulty.

    x1 y1 x2 y2 x3 y3 x4 y4 class difficulty        DOTA (captain-whu.github.io/DOTA): difficulty 0, or 1 for difficult
    x1,y1,x2,y2,x3,y3,x4,y4,class,difficulty        the fork of blender-gen by CV-Bench

The corners run clockwise; a turned box may reach out of its image.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Float

from meshsight.core.errors import DataError
from meshsight.core.masks import decode_mask
from meshsight.datasets.outlines import bounds_of, trace_outlines
from meshsight.records.sample import Box, ObjectLabel, Polygon, Sample

Corners = Float[np.ndarray, "4 2"]
_NUMBERS = 8
_DECIMALS = 3
_EASY = "0"


@dataclass(frozen=True, slots=True, kw_only=True)
class DotaRow:
    """A row as it stands."""

    corners: Corners
    name: str
    is_difficult: bool


def read_row(row: str, where: str) -> DotaRow | None:
    """Reads a line, or returns None for a blank one and for the heads `imagesource:` and `gsd:`.

    Raises:
        DataError: it is no row of DOTA.
    """
    text = row.strip()
    if not text or text.lower().startswith(("imagesource:", "gsd:", "'imagesource'", "'gsd'")):
        return None
    separator = "," if "," in text.split()[0] else None
    columns = [column.strip() for column in text.split(separator)]
    try:
        corners = np.array([float(column) for column in columns[:_NUMBERS]]).reshape(4, 2)
    except ValueError as error:
        raise DataError(f"{where}: expected eight numbers, a class and a difficulty, found '{text[:80]}'") from error
    *name, difficulty = columns[_NUMBERS:] if columns[_NUMBERS + 1 :] else [*columns[_NUMBERS:], _EASY]
    if not any(name) or not difficulty.isdecimal():
        raise DataError(f"{where}: expected a class and a difficulty after eight numbers, found '{text[:80]}'")
    return DotaRow(corners=corners, name=(separator or " ").join(name), is_difficult=difficulty != _EASY)


def write_row(label: ObjectLabel, name: str) -> str:
    """Returns the line of a label with one polygon of four corners; numbers are written exactly."""
    assert label.polygons is not None and label.polygons[0].shape == (4, 2), "reduced to four corners before"
    numbers = " ".join(f"{number:.0f}" if number.is_integer() else repr(number) for number in _flat(label.polygons[0]))
    return f"{numbers} {name} {int(label.is_ignored)}"


def upright_box(corners: Corners, size_hw: tuple[int, int]) -> Box:
    """Returns the upright box around corners, as far as it lies in the image."""
    height, width = size_hw
    return bounds_of(np.clip(corners, 0.0, [width, height]))


def with_four_corners(label: ObjectLabel, sample: Sample) -> ObjectLabel:
    """Says where an object is by four corners, clockwise, and makes its box the upright one around them.

    They are the object's only polygon, if that has four; else the smallest rectangle around its polygons or mask; else
    the box's own corners. Such a rectangle begins at the corner that is nearest to the image's top left.
    """
    corners = _corners(label)
    return replace(label, polygons=(corners,), box=upright_box(corners, sample.size_hw))


def _corners(label: ObjectLabel) -> Corners:
    if label.polygons is not None and len(label.polygons) == 1 and len(label.polygons[0]) == 4:
        return _clockwise(label.polygons[0])
    outlines = label.polygons or (trace_outlines(decode_mask(label.mask)) if label.mask is not None else ())
    if outlines:
        rectangle = _smallest_rectangle(np.concatenate(outlines))
        if cv2.contourArea(rectangle.astype(np.float32)) > 0:
            return rectangle
    x1, y1, x2, y2 = label.box
    return np.array([[x1, y1], [x2, y1], [x2, y2], [x1, y2]])


def _smallest_rectangle(points: Polygon) -> Corners:
    origin = points.min(axis=0)  # near zero, single precision is enough
    corners = cv2.boxPoints(cv2.minAreaRect((points - origin).astype(np.float32)))
    corners = _clockwise(np.round(corners.astype(np.float64) + origin, _DECIMALS))
    return np.roll(corners, -int(corners.sum(axis=1).argmin()), axis=0)


def _clockwise(corners: Corners) -> Corners:
    """Returns corners clockwise as seen in the image, beginning with the same one."""
    x, y = corners.T
    is_clockwise = np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y) >= 0
    return corners if is_clockwise else np.roll(corners[::-1], 1, axis=0)


def _flat(corners: Corners) -> list[float]:
    return (corners.ravel() + 0.0).tolist()  # no -0
