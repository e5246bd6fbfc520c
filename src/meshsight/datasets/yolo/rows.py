"""One row of a YOLO label file, read and written.

    class cx cy w h                          detection
    class x1 y1 x2 y2 x3 y3 ...              segmentation: one polygon
    class cx cy w h  x y v  x y v ...        pose: kpt_shape says how many keypoints, and whether they have a v

All are shares of the image's width and height. They are written with eight decimals and read to a thousandth of a
pixel, so that whole pixels come back whole in images of up to 50,000 px.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from meshsight.core.errors import DataError
from meshsight.core.masks import decode_mask
from meshsight.datasets.foreign import BoxCheck
from meshsight.datasets.outlines import bounds_of, fill_polygons, join_polygons, merge_polygons, trace_outlines
from meshsight.records.sample import Box, ObjectLabel, Polygon, Sample

PRECISION_PX = 1e-3
_DECIMALS_PX = 3
_DECIMALS = 8
_BOX_COLUMNS = 5

Points = Float[np.ndarray, "n 2"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowRules:
    """What the rows of a data set are like.

    Attributes:
        num_classes: class ids are below this.
        keypoints: `kpt_shape`, or None when there are no keypoints.
    """

    num_classes: int
    keypoints: tuple[int, int] | None


def read_row(row: str, rules: RowRules, size_hw: tuple[int, int], check: BoxCheck, where: str) -> ObjectLabel | None:
    """Returns the object of a row, or None when its box is dropped.

    Args:
        row: a line that is not blank.
        rules: of the data set.
        size_hw: of the image.
        check: what to do with bad boxes.
        where: file and line, for messages.

    Raises:
        DataError: the row is none of YOLO's, its class is unknown, or its box is bad.
    """
    class_id, numbers = _numbers(row, rules, where)
    if rules.keypoints is None and len(numbers) > 4:
        polygon = _to_pixels(np.array(numbers).reshape(-1, 2), size_hw)
        box = check.check(bounds_of(polygon), size_hw, where)
        mask = fill_polygons([polygon], size_hw)
        return None if box is None else ObjectLabel(class_id=class_id, box=box, polygons=(polygon,), mask=mask)
    box = check.check(_read_box(numbers, size_hw), size_hw, where)
    if box is None:
        return None
    keypoints = _read_keypoints(numbers[4:], rules.keypoints, size_hw) if len(numbers) > 4 else None
    return ObjectLabel(class_id=class_id, box=box, keypoints=keypoints)


def write_box_row(label: ObjectLabel, size_hw: tuple[int, int]) -> str:
    """Returns the row of a box, and of its keypoints if it has any."""
    height, width = size_hw
    x1, y1, x2, y2 = label.box
    shares = [(x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height]
    row = f"{label.class_id} {_in_words(shares)}"
    for x, y, v in () if label.keypoints is None else label.keypoints.tolist():
        row += f" {_in_words([x / width, y / height])} {int(v)}"
    return row


def write_polygon_row(label: ObjectLabel, size_hw: tuple[int, int]) -> str:
    """Returns the row of a label with one polygon."""
    assert label.polygons is not None and len(label.polygons) == 1, "reduced to one polygon before"
    shares = label.polygons[0] / np.array([size_hw[1], size_hw[0]])
    return f"{label.class_id} {_in_words(shares.ravel().tolist())}"


def with_one_polygon(label: ObjectLabel, sample: Sample) -> ObjectLabel:
    """Says a mask or polygons as one polygon within the image, from which box and mask are drawn.

    A label with neither keeps none. Polygons come first: a mask beside them is drawn from them.
    """
    polygon, mask = None, label.mask
    if label.polygons:
        polygon = _within(merge_polygons(label.polygons, sample.size_hw), sample.size_hw)
        mask = fill_polygons([polygon], sample.size_hw)
    elif mask is not None and (outlines := trace_outlines(decode_mask(mask))):
        polygon = join_polygons(outlines)
    if polygon is None or np.any(np.ptp(polygon, axis=0) < PRECISION_PX):
        return replace(label, polygons=None)
    return replace(label, polygons=(polygon,), mask=mask, box=bounds_of(polygon))


def with_keypoints_inside(label: ObjectLabel, sample: Sample) -> ObjectLabel:
    """Says of keypoints outside the image that they are not known (0 0 0): the format has no place for them."""
    if label.keypoints is None:
        return label
    height, width = sample.size_hw
    x, y, v = label.keypoints.T
    is_inside = (v > 0) & (x >= 0) & (x <= width) & (y >= 0) & (y <= height)
    return replace(label, keypoints=np.where(is_inside[:, None], label.keypoints, 0.0))


def _numbers(row: str, rules: RowRules, where: str) -> tuple[int, list[float]]:
    columns = row.split()
    try:
        class_share, *shares = (float(column) for column in columns)
    except ValueError as error:
        raise DataError(f"{where}: expected numbers only, found '{row.strip()[:60]}'") from error
    if not class_share.is_integer() or not 0 <= class_share < rules.num_classes:
        raise DataError(f"{where}: class {columns[0]}: expected 0 to {rules.num_classes - 1}, as data.yaml names them")
    if not _fits(len(columns), rules):
        raise DataError(f"{where}: {len(columns)} columns: expected {_expected(rules)}")
    return int(class_share), shares


def _fits(count: int, rules: RowRules) -> bool:
    if rules.keypoints is not None:
        points, dimensions = rules.keypoints
        return count in (_BOX_COLUMNS, _BOX_COLUMNS + points * dimensions)
    return count == _BOX_COLUMNS or (count >= 7 and count % 2 == 1)


def _expected(rules: RowRules) -> str:
    if rules.keypoints is None:
        return "5 (class and box), or a class and three or more points; poses need kpt_shape in data.yaml"
    points, dimensions = rules.keypoints
    return f"{_BOX_COLUMNS + points * dimensions} (class, box and {points} keypoints of {dimensions} numbers)"


def _read_box(shares: Sequence[float], size_hw: tuple[int, int]) -> Box:
    height, width = size_hw
    cx, cy, w, h = shares[:4]
    low = round((cx - w / 2) * width, _DECIMALS_PX), round((cy - h / 2) * height, _DECIMALS_PX)
    return *low, round((cx + w / 2) * width, _DECIMALS_PX), round((cy + h / 2) * height, _DECIMALS_PX)


def _read_keypoints(
    numbers: Sequence[float], shape: tuple[int, int] | None, size_hw: tuple[int, int]
) -> Float[np.ndarray, "k 3"]:
    """Reads keypoints; where the set has no v for them, those that are placed, not at 0 0, are seen."""
    assert shape is not None, "polygons are told apart before"
    table = np.array(numbers).reshape(shape)
    is_placed = np.all(table[:, :2] >= 0, axis=1) & np.any(table[:, :2] > 0, axis=1)
    v = np.where(is_placed, 2.0, 0.0) if shape[1] == 2 else table[:, 2]
    return np.column_stack([_to_pixels(table[:, :2], size_hw), v])


def _to_pixels(shares: Points, size_hw: tuple[int, int]) -> Points:
    return np.round(shares * np.array([size_hw[1], size_hw[0]]), _DECIMALS_PX)


def _within(polygon: Polygon, size_hw: tuple[int, int]) -> Polygon:
    limit = np.array([size_hw[1], size_hw[0]], dtype=np.float64)
    return np.round(np.clip(polygon, 0.0, limit), _DECIMALS_PX)


def _in_words(shares: Sequence[float]) -> str:
    return " ".join(f"{share:.{_DECIMALS}f}".rstrip("0").rstrip(".") for share in shares)
