"""The Example that TAO's DetectNet_v2 converter makes of a KITTI label file (tao_tensorflow1_backend, Apache-2.0).

One entry an image: lists of equal length hold one value for each object. Edges stand in pixels as floats, the other
columns as in KITTI's file. With the image inside (for NVIDIA DALI) edges are shares of the image's width and height,
and classes are numbers.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from meshsight.core.errors import DataError
from meshsight.core.tf_example import Feature, Floats
from meshsight.datasets.kitti.boxes import KittiBox
from meshsight.datasets.kitti.rows import (
    UNKNOWN_ANGLE,
    UNKNOWN_PLACE,
    UNKNOWN_SHARE,
    UNKNOWN_SIDE,
    KittiRow,
    known_level,
    known_share,
    trusted_box,
)
from meshsight.datasets.kitti.terms import DONT_CARE, UNKNOWN_LEVEL
from meshsight.datasets.tfrecord.values import column, size_of
from meshsight.records.sample import Box

EDGES = ("x1", "y1", "x2", "y2")
WORLD = ("h", "w", "l", "x", "y", "z", "rot_y")
_UNKNOWN_WORLD = (UNKNOWN_SIDE,) * 3 + (UNKNOWN_PLACE,) * 3 + (UNKNOWN_ANGLE,)
_NO_CLASS = -1
CLASS_NAMES, CLASS_NUMBERS = "target/object_class", "target/object_class_id"


def is_left_out(box: Box) -> bool:
    """Tells whether the converter drops a row: its edges, cut down to whole numbers, hold no pixel."""
    x1, y1, x2, y2 = (int(edge) for edge in box)
    return x1 >= x2 or y1 >= y2


def tao_features(rows: Sequence[KittiRow], frame_id: str, size_hw: tuple[int, int]) -> dict[str, Feature]:
    """Returns the features of an image whose bytes lie beside."""
    edges = {f"target/coordinates_{edge}": _floats(row.box[i] for row in rows) for i, edge in enumerate(EDGES)}
    names = tuple(row.name.encode() for row in rows)
    return _shared_features(rows, frame_id, size_hw) | edges | {CLASS_NAMES: names}


def dali_features(
    rows: Sequence[KittiRow], frame_id: str, size_hw: tuple[int, int], ids: Mapping[str, int]
) -> dict[str, Feature]:
    """Returns the features of an image whose bytes lie inside; a region to ignore is of class -1."""
    height, width = size_hw
    scales = (width, height, width, height)
    numbers = _floats(ids.get(row.name, _NO_CLASS) for row in rows)
    edges = {
        f"target/coordinates_{edge}": _floats(row.box[i] / scales[i] for row in rows) for i, edge in enumerate(EDGES)
    }
    return _shared_features(rows, frame_id, size_hw) | edges | {CLASS_NUMBERS: numbers}


def rows_of(features: Mapping[str, Feature], where: str, oddities: Counter[str]) -> list[KittiRow]:
    """Returns the rows of an Example of either kind; a class that is a number is named by it.

    Raises:
        DataError: a list is missing, of another type, or not as long as the others.
    """
    is_relative = CLASS_NUMBERS in features
    names = _numbered(features, where) if is_relative else _named(features, where)
    height, width = size_of(features, "frame/", where)
    scales = np.array([width, height, width, height] if is_relative else [1.0] * 4)
    count = len(names)
    boxes = np.stack([column(features, f"target/coordinates_{edge}", count, where) for edge in EDGES], axis=1) * scales
    world = [
        column(features, f"target/world_bbox_{name}", count, where, unknown)
        for name, unknown in zip(WORLD, _UNKNOWN_WORLD, strict=True)
    ]
    shares = column(features, "target/truncation", count, where, UNKNOWN_SHARE).tolist()
    levels = column(features, "target/occlusion", count, where, float(UNKNOWN_LEVEL)).tolist()
    return [
        KittiRow(
            name=name,
            truncation=known_share(share, oddities),
            occlusion_level=known_level(level, oddities),
            box=(box[0], box[1], box[2], box[3]),
            box_3d=trusted_box(columns[:3], columns[3:6], columns[6]),
        )
        for name, share, level, box, columns in zip(
            names, shares, levels, boxes.tolist(), np.stack(world, axis=1).tolist(), strict=True
        )
    ]


def _shared_features(rows: Sequence[KittiRow], frame_id: str, size_hw: tuple[int, int]) -> dict[str, Feature]:
    boxes = [row.box_3d for row in rows]
    world = np.array([_world(box) for box in boxes], np.float32).reshape(-1, len(WORLD))
    levels = [UNKNOWN_LEVEL if row.occlusion_level is None else row.occlusion_level for row in rows]
    features: dict[str, Feature] = {
        "frame/id": (frame_id.encode(),),
        "frame/height": np.array([size_hw[0]], np.int64),
        "frame/width": np.array([size_hw[1]], np.int64),
        "target/truncation": _floats(UNKNOWN_SHARE if row.truncation is None else row.truncation for row in rows),
        "target/occlusion": np.array(
            [-1 if row.name == DONT_CARE.lower() else level for row, level in zip(rows, levels, strict=True)], np.int64
        ),
        "target/observation_angle": _floats(UNKNOWN_ANGLE if box is None else box.alpha for box in boxes),
    }
    columns = {f"target/world_bbox_{name}": np.ascontiguousarray(world[:, i]) for i, name in enumerate(WORLD)}
    return {**features, **columns}


def _world(box: KittiBox | None) -> tuple[float, ...]:
    if box is None:
        return _UNKNOWN_WORLD
    return box.height, box.width, box.length, box.x, box.y, box.z, box.rotation_y


def _floats(values: Iterable[float]) -> Floats:
    return np.fromiter(values, np.float32)


def _named(features: Mapping[str, Feature], where: str) -> list[str]:
    names = features.get(CLASS_NAMES, ())
    if not isinstance(names, tuple):
        raise DataError(f"{where}: expected names in {CLASS_NAMES}, found numbers")
    return [name.decode("utf-8", errors="replace") for name in names]


def _numbered(features: Mapping[str, Feature], where: str) -> list[str]:
    numbers = features[CLASS_NUMBERS]
    if isinstance(numbers, tuple) and numbers:
        raise DataError(f"{where}: expected numbers in {CLASS_NUMBERS}, found text")
    return [DONT_CARE if number < 0 else str(int(number)) for number in numbers]  # pyright: ignore
