"""Large images in tiles: small objects keep their size in the network's input, and none is cut in every tile.

A detection that touches an inner border of its tile may be a piece of an object. It stays only where no detection of
its class from another tile, or from the look at the whole image, covers most of it.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float32

from meshsight.core.boxes import box_iof, class_wise_nms
from meshsight.core.images import RgbImage
from meshsight.records.detections import Detections, ObjectDetector
from meshsight.runtime.views import first
from meshsight.specs.inference import TilingSpec

_BORDER_PX = 2.0
_COVERED = 0.6
_SAME = 0.5


class Tile(NamedTuple):
    """A part of an image: xyxy in whole pixels, half-open."""

    x1: int
    y1: int
    x2: int
    y2: int


class TiledDetector:
    """Looks at each tile of an image, and at the whole. An `ObjectDetector`."""

    def __init__(self, detector: ObjectDetector, spec: TilingSpec, max_detections: int) -> None:
        self._detector = detector
        self._spec = spec
        self._max_detections = max_detections

    @property
    def classes(self) -> tuple[str, ...]:
        """Names by class id."""
        return self._detector.classes

    def predict(self, images: Sequence[RgbImage]) -> list[Detections]:
        """Detects objects in images of any sizes; one result for each image, in order."""
        return [self._predict_one(image) for image in images]

    def _predict_one(self, image: RgbImage) -> Detections:
        size_hw = image.shape[0], image.shape[1]
        tiles = list(plan_tiles(size_hw, self._spec))
        parts = [np.ascontiguousarray(image[tile.y1 : tile.y2, tile.x1 : tile.x2]) for tile in tiles]
        found = self._detector.predict(parts)
        return first(join_tiles(tiles, found, size_hw), self._max_detections)


def plan_tiles(size_hw: tuple[int, int], spec: TilingSpec) -> Iterator[Tile]:
    """Yields tiles of equal size that cover an image, and the whole image first where that is asked for.

    Neighbours overlap by at least the wished share; an image no larger than a tile is one tile.
    """
    height, width = size_hw
    rows, columns = _starts(height, spec), _starts(width, spec)
    is_one = len(rows) == len(columns) == 1
    if spec.sees_whole or is_one:
        yield Tile(0, 0, width, height)
    if not is_one:
        for y in rows:
            for x in columns:
                yield Tile(x, y, min(x + spec.size_px, width), min(y + spec.size_px, height))


def join_tiles(tiles: Sequence[Tile], found: Sequence[Detections], size_hw: tuple[int, int]) -> Detections:
    """Moves detections from tiles to the image, and drops what is a piece of another, or the same again."""
    offsets = [np.array([tile.x1, tile.y1, tile.x1, tile.y1], np.float32) for tile in tiles]
    boxes = np.concatenate([one.boxes + offset for one, offset in zip(found, offsets, strict=True)])
    scores = np.concatenate([one.scores for one in found])
    class_ids = np.concatenate([one.class_ids for one in found])
    is_cut = np.concatenate([_touches_border(one.boxes, tile, size_hw) for one, tile in zip(found, tiles, strict=True)])
    stays = np.ones(len(boxes), dtype=bool)
    for class_id in np.unique(class_ids[is_cut]):
        cut = np.flatnonzero(is_cut & (class_ids == class_id))
        whole = np.flatnonzero(~is_cut & (class_ids == class_id))
        if whole.size:
            stays[cut] = box_iof(boxes[cut], boxes[whole]).max(axis=1) < _COVERED
    rows = np.flatnonzero(stays)
    kept = rows[class_wise_nms(boxes[rows], scores[rows], class_ids[rows], _SAME)]
    return Detections(boxes=boxes[kept], scores=scores[kept], class_ids=class_ids[kept])


def _starts(side: int, spec: TilingSpec) -> list[int]:
    if side <= spec.size_px:
        return [0]
    step = spec.size_px * (1 - spec.overlap)
    count = int(np.ceil((side - spec.size_px) / step)) + 1
    return [round(i * (side - spec.size_px) / (count - 1)) for i in range(count)]


def _touches_border(boxes: Float32[np.ndarray, "n 4"], tile: Tile, size_hw: tuple[int, int]) -> Bool[np.ndarray, " n"]:
    """Tells which boxes, in pixels of the tile, touch a border of it that is none of the image."""
    height, width = tile.y2 - tile.y1, tile.x2 - tile.x1
    inner = np.array([tile.x1 > 0, tile.y1 > 0, tile.x2 < size_hw[1], tile.y2 < size_hw[0]])
    gap = np.stack([boxes[:, 0], boxes[:, 1], width - boxes[:, 2], height - boxes[:, 3]], axis=1)
    return np.any((gap < _BORDER_PX) & inner, axis=1)
