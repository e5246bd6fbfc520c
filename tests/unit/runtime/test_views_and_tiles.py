"""Mirrored views, members of an ensemble and tiles, around a detector that finds bright squares exactly."""

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshsight.core.boxes import box_iou
from meshsight.core.errors import CallError
from meshsight.core.images import RgbImage
from meshsight.records.detections import Detections
from meshsight.runtime.tiling import TiledDetector, plan_tiles
from meshsight.runtime.views import MultiViewDetector, View, class_ids_of
from meshsight.specs.inference import FUSION_KINDS, Flip, TilingSpec


class BrightSquares:
    """Finds connected bright regions in images of any size; red ones are of the first class, others of the second.

    The larger side of what it finds must not exceed `limit` of the image's, as a network's field of view would have it.
    """

    def __init__(self, classes: tuple[str, ...] = ("red", "other"), smallest: int = 1) -> None:
        self.classes = classes
        self.smallest = smallest
        self.seen: list[tuple[int, int]] = []

    def predict(self, images: Sequence[RgbImage]) -> list[Detections]:
        return [self._find(image) for image in images]

    def _find(self, image: RgbImage) -> Detections:
        self.seen.append((image.shape[0], image.shape[1]))
        count, labels, stats, _ = cv2.connectedComponentsWithStats((image.max(axis=2) > 100).astype(np.uint8))
        boxes, ids = [], []
        for index in range(1, count):
            x, y, width, height, _ = (int(v) for v in stats[index])
            if min(width, height) >= self.smallest:
                boxes.append((x, y, x + width, y + height))
                is_red = bool((image[labels == index][:, 1] < 100).all())
                ids.append(self.classes.index("red" if is_red else "other"))
        return Detections(
            boxes=np.array(boxes, np.float32).reshape(-1, 4),
            scores=np.full(len(boxes), 0.9, np.float32),
            class_ids=np.array(ids, np.int64),
        )


def picture(size_hw: tuple[int, int], *squares: tuple[int, int, int, int]) -> RgbImage:
    """A black picture; the first square is red, the others white."""
    image = np.zeros((*size_hw, 3), np.uint8)
    for index, (x1, y1, x2, y2) in enumerate(squares):
        image[y1:y2, x1:x2] = (255, 0, 0) if index == 0 else (255, 255, 255)
    return image


def multi(views: list[View], classes: tuple[str, ...] = ("red", "other")) -> MultiViewDetector:
    return MultiViewDetector(views, classes, FUSION_KINDS.builder("wbf")(FUSION_KINDS.module("wbf").Spec()), 100)


def assert_finds(found: Detections, *squares: tuple[int, int, int, int]) -> None:
    order = np.lexsort(found.boxes.T)
    expected = np.array(squares, np.float32)
    assert found.boxes[order].tolist() == expected[np.lexsort(expected.T)].tolist()


SQUARES = ((10, 5, 30, 25), (50, 40, 66, 47))


@pytest.mark.parametrize(
    "flips", [("horizontal",), ("vertical",), ("both",), ("none", "horizontal", "vertical", "both")]
)
def test_boxes_come_back_from_the_mirror(flips: tuple[Flip, ...]) -> None:
    detector = multi([View(detector=BrightSquares(), flip=flip) for flip in flips])
    (found,) = detector.predict([picture((60, 90), *SQUARES)])
    assert_finds(found, *SQUARES)
    assert found.scores.tolist() == pytest.approx([0.9, 0.9])


def test_members_may_number_their_classes_differently() -> None:
    other = BrightSquares(("other", "red"))
    classes = ("red", "other")
    views = [View(detector=BrightSquares()), View(detector=other, class_ids=class_ids_of(other, classes, "second"))]
    (found,) = multi(views).predict([picture((60, 90), *SQUARES)])
    assert {classes[i]: box for i, box in zip(found.class_ids, found.boxes.tolist(), strict=True)} == {
        "red": list(SQUARES[0]), "other": list(SQUARES[1]),
    }  # fmt: skip


def test_members_of_other_classes_are_refused() -> None:
    with pytest.raises(CallError, match=r"runs/second: .*not in both: blue, red"):
        class_ids_of(BrightSquares(("blue", "other")), ("red", "other"), "runs/second")


@given(
    size_hw=st.tuples(st.integers(1, 300), st.integers(1, 300)),
    size_px=st.integers(32, 120),
    overlap=st.floats(0, 0.8),
)
def test_tiles_cover_the_image_and_overlap_as_asked(size_hw: tuple[int, int], size_px: int, overlap: float) -> None:
    tiles = list(plan_tiles(size_hw, TilingSpec(size_px=size_px, overlap=overlap, sees_whole=False)))
    covered = np.zeros(size_hw, bool)
    for tile in tiles:
        covered[tile.y1 : tile.y2, tile.x1 : tile.x2] = True
        assert (tile.y2 - tile.y1, tile.x2 - tile.x1) == tuple(min(size_px, side) for side in size_hw)
    assert covered.all()
    starts = sorted({tile.x1 for tile in tiles})
    assert all(b - a <= size_px * (1 - overlap) + 1 for a, b in pairwise(starts))


@settings(max_examples=60)
@given(x=st.integers(0, 180), y=st.integers(0, 130), side=st.integers(3, 14), other=st.integers(20, 90))
def test_whole_objects_are_found_once_wherever_they_lie(x: int, y: int, side: int, other: int) -> None:
    """Small ones lie whole in a tile; large ones are seen in the look at the whole image."""
    squares = ((x, y, x + side, y + side),)
    image = picture((150, 200), *squares)
    detector = TiledDetector(BrightSquares(), TilingSpec(size_px=64, overlap=0.3), 100)
    assert_finds(detector.predict([image])[0], *squares)
    large = ((5, 6, 5 + other, 6 + other),)
    assert_finds(detector.predict([picture((150, 200), *large)])[0], *large)


def test_small_objects_keep_their_size_in_the_network() -> None:
    """A detector that sees whole images only as large as a tile finds in tiles what it misses in the whole."""

    class Shrinking(BrightSquares):
        def _find(self, image: RgbImage) -> Detections:
            factor = 64 / max(image.shape[:2])
            small = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_NEAREST)
            found = super()._find(small)
            return Detections(boxes=found.boxes / np.float32(factor), scores=found.scores, class_ids=found.class_ids)

    image = picture((256, 256), (100, 100, 112, 112))
    detector = Shrinking(smallest=8)
    assert len(detector.predict([image])[0].scores) == 0
    (found,) = TiledDetector(detector, TilingSpec(size_px=64, overlap=0.4), 100).predict([image])
    assert len(found.scores) == 1
    assert box_iou(found.boxes, np.array([[100, 100, 112, 112]], np.float32)) > 0.8


def test_an_image_no_larger_than_a_tile_is_looked_at_once() -> None:
    detector = BrightSquares()
    TiledDetector(detector, TilingSpec(size_px=128), 100).predict([picture((100, 128), *SQUARES)])
    assert detector.seen == [(100, 128)]
