"""The boxes of a COCO file, checked against their images. Shapes: m images, n annotations."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from jaxtyping import Bool, Float, Int

from meshsight.core.errors import DataError
from meshsight.core.masks import mask_box
from meshsight.datasets.coco.labels import read_annotation
from meshsight.datasets.coco.masks import read_segmentation
from meshsight.datasets.coco.rows import AnnotationRow, describe
from meshsight.datasets.coco.tables import CocoTables
from meshsight.datasets.foreign import BoxCheck, ForeignSpec
from meshsight.records.sample import Box


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CheckedBoxes:
    """Boxes within their images.

    Attributes:
        boxes: half-open xyxy.
        is_kept: False for an annotation that is to be left out.
    """

    boxes: Float[np.ndarray, "n 4"]
    is_kept: Bool[np.ndarray, " n"]


def check_boxes(
    tables: CocoTables, names: Sequence[str], sizes_hw: Int[np.ndarray, "m 2"], spec: ForeignSpec
) -> CheckedBoxes:
    """Clips, refuses or drops boxes as the spec asks, and says in a warning what was done.

    Raises:
        DataError: a box is bad and such boxes are refused, or an object has neither box nor mask.
    """
    file, columns = tables.text.file, tables.annotations
    boxes, is_kept = columns.boxes.copy(), np.ones(len(columns.image), bool)
    check = BoxCheck(spec)
    for row in _doubtful(tables, sizes_hw).tolist():
        image = int(columns.image[row])
        height, width = sizes_hw[image].tolist()
        where = f"{file}: image '{names[image]}'"
        entry = read_annotation(tables, row, where)
        where = f"{where}, {describe(entry.id, row)}"
        box = boxes[row].tolist() if entry.bbox else _box_of_mask(entry, (height, width), where, spec)
        checked = check.check(cast("Box", tuple(box)), (height, width), where)
        boxes[row] = box if checked is None else checked
        is_kept[row] = checked is not None
    check.report(file)
    return CheckedBoxes(boxes=boxes, is_kept=is_kept)


def _doubtful(tables: CocoTables, sizes_hw: Int[np.ndarray, "m 2"]) -> Int[np.ndarray, " k"]:
    """Returns the annotations whose box is missing, empty, not finite, or over its image's border."""
    low, high = tables.annotations.boxes[:, :2], tables.annotations.boxes[:, 2:]
    limit = sizes_hw[tables.annotations.image, ::-1]
    is_sound = np.all((low >= 0) & (low < high) & (high <= limit), axis=1)
    return np.flatnonzero(~is_sound)


def _box_of_mask(entry: AnnotationRow, size_hw: tuple[int, int], where: str, spec: ForeignSpec) -> list[float]:
    mask = read_segmentation(entry.segmentation, size_hw, where).mask
    tight = None if mask is None else mask_box(mask)
    if tight is None and spec.bad_boxes == "refuse":
        raise DataError(f"{where}: neither bbox nor segmentation says where the object is")
    return [math.nan] * 4 if tight is None else list(tight)
