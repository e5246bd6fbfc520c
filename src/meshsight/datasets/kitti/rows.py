"""A line of a KITTI label file: 15 columns, in results 16 (KITTI object devkit, readme.txt)."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from meshsight.core.errors import DataError
from meshsight.datasets.kitti.boxes import KittiBox
from meshsight.datasets.kitti.terms import UNKNOWN_LEVEL
from meshsight.records.sample import Box

COLUMNS = (
    *("type", "truncated", "occluded", "alpha", "left", "top", "right", "bottom"),
    *("height", "width", "length", "x", "y", "z", "rotation_y", "score"),
)
UNKNOWN_SIDE = -1.0
UNKNOWN_PLACE = -1000.0
UNKNOWN_ANGLE = -10.0
UNKNOWN_SHARE = -1.0

_LEVELS = (0, 1, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class KittiRow:
    """One object.

    Attributes:
        name: its class as it stands in the file.
        truncation: share outside the image, 0..1, or None.
        occlusion_level: 0, 1 or 2, or None.
        box: left, top, right, bottom in pixels. KITTI's edges are numbers on a line, not pixels that belong to the
            box: its devkit computes widths as right - left. So they are our half-open edges, unchanged.
        box_3d: None when its columns do not say anything.
    """

    name: str
    truncation: float | None
    occlusion_level: int | None
    box: Box
    box_3d: KittiBox | None


def parse_rows(text: str, where: str, oddities: Counter[str]) -> Iterator[KittiRow]:
    """Reads the lines of a label file; blank ones are passed over.

    Args:
        text: the file's content.
        where: its name, for messages.
        oddities: counts what is tolerated, in words.

    Raises:
        DataError: a line has another number of columns, or a column is no number.
    """
    for number, line in enumerate(text.splitlines(), start=1):
        cells = line.split()
        if cells:
            yield _row(cells, f"{where}, line {number}", oddities)


def row_line(row: KittiRow) -> str:
    """Returns a line without its end: edges exact, lengths in micrometres, what is not known as KITTI marks it."""
    box = row.box_3d
    truncation = UNKNOWN_SHARE if row.truncation is None else row.truncation
    level = UNKNOWN_LEVEL if row.occlusion_level is None else row.occlusion_level
    cells = [row.name, _exact(truncation), str(level), _angle(None if box is None else box.alpha)]
    cells += [_exact(edge) for edge in row.box]
    cells += _unknown_box() if box is None else _box_cells(box)
    return " ".join(cells)


def dont_care_line(name: str, box: Box) -> str:
    """Returns the line of a region to ignore, about which nothing else is known."""
    return " ".join([name, "-1", "-1", _angle(None), *(_exact(edge) for edge in box), *_unknown_box()])


def looks_like_row(line: str) -> bool:
    """Tells whether a line could be KITTI's: a name, then 14 or 15 numbers. YOLO's lines are all numbers."""
    cells = line.split()
    if len(cells) not in (15, 16) or _is_number(cells[0]):
        return False
    return all(_is_number(cell) for cell in cells[1:])


def trusted_box(sides_hwl: Sequence[float], place_xyz: Sequence[float], rotation_y: float) -> KittiBox | None:
    """Returns the 3-D box, or None where the columns mean nothing: unknown values, or a writer that fills in zeros."""
    is_known = min(sides_hwl) > 0 and UNKNOWN_PLACE not in place_xyz and rotation_y != UNKNOWN_ANGLE
    if not is_known:
        return None
    (height, width, length), (x, y, z) = sides_hwl, place_xyz
    return KittiBox(height=height, width=width, length=length, x=x, y=y, z=z, rotation_y=rotation_y)


def known_share(truncated: float, oddities: Counter[str]) -> float | None:
    """Returns the truncation that a column states; -1 says nothing, and so does any other value outside 0..1."""
    if 0 <= truncated <= 1:
        return truncated
    if truncated != UNKNOWN_SHARE:
        oddities["values of 'truncated' outside 0..1 taken as unknown"] += 1
    return None


def known_level(occluded: float, oddities: Counter[str]) -> int | None:
    """Returns the occlusion level that a column states; 3 and -1 say nothing, and so does any other value."""
    if occluded in _LEVELS:
        return int(occluded)
    if occluded not in (UNKNOWN_LEVEL, -1):
        oddities["values of 'occluded' other than 0, 1, 2 and 3 taken as unknown"] += 1
    return None


def _row(cells: list[str], where: str, oddities: Counter[str]) -> KittiRow:
    if len(cells) not in (15, 16):
        raise DataError(f"{where}: expected 15 columns, or 16 with a score, found {len(cells)}; is this a KITTI label?")
    if len(cells) == 16:
        oddities["scores (column 16) not read: a label is true or it is not"] += 1
    numbers = [_number(cell, index, where) for index, cell in enumerate(cells[1:15], start=2)]
    left, top, right, bottom = numbers[3:7]
    return KittiRow(
        name=cells[0],
        truncation=known_share(numbers[0], oddities),
        occlusion_level=known_level(numbers[1], oddities),
        box=(left, top, right, bottom),
        box_3d=trusted_box(numbers[7:10], numbers[10:13], numbers[13]),
    )


def _number(cell: str, column: int, where: str) -> float:
    try:
        number = float(cell)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise DataError(f"{where}, column {column} ({COLUMNS[column - 1]}): expected a number, found '{cell}'")
    return number


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _exact(number: float) -> str:
    """Two decimals as in KITTI's files, or as many as the number has."""
    short = f"{number:.2f}"
    return short if float(short) == number else repr(float(number))


def _angle(angle_rad: float | None) -> str:
    return f"{UNKNOWN_ANGLE:.0f}" if angle_rad is None else f"{angle_rad:.6f}"


def _unknown_box() -> list[str]:
    return [f"{UNKNOWN_SIDE:.0f}"] * 3 + [f"{UNKNOWN_PLACE:.0f}"] * 3 + [_angle(None)]


def _box_cells(box: KittiBox) -> list[str]:
    lengths = (box.height, box.width, box.length, box.x, box.y, box.z)
    return [*(f"{length:.6f}" for length in lengths), _angle(box.rotation_y)]
