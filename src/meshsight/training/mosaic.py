"""Four pictures around one point, in a picture of twice the input's sides (YOLOv4, arXiv 2004.10934)."""

from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import Float

from meshsight.core.letterbox import PAD_VALUE
from meshsight.specs.mixing import MosaicSpec
from meshsight.training.picture import Picture, cut, join, move

NUM_TILES = 4


def draw_centre(spec: MosaicSpec, input_hw: tuple[int, int], rng: np.random.Generator) -> tuple[int, int]:
    """Draws where the four pictures meet, x and y in whole pixels."""
    x, y = rng.uniform(*spec.centre, size=2) * (input_hw[1], input_hw[0])
    return int(x), int(y)


def compose_mosaic(
    tiles: Sequence[Picture], centre: tuple[int, int], input_hw: tuple[int, int], factor: float = 1.0
) -> Picture:
    """Puts four pictures, each scaled to fit the input, with one corner at the centre.

    A mosaic that is going to be shrunk is composed small, which spares most of the work.

    Args:
        tiles: top left, top right, bottom left, bottom right.
        centre: where they meet, x and y.
        input_hw: size of the input; the mosaic has twice its sides.
        factor: on everything.
    """
    height, width = (max(1, round(2 * side * factor)) for side in input_hw)
    centre = (round(centre[0] * factor), round(centre[1] * factor))
    image = np.empty((height, width, 3), dtype=np.uint8)
    parts: list[Picture] = []
    for number, tile in enumerate(tiles):
        scale = factor * min(input_hw[0] / tile.size_hw[0], input_hw[1] / tile.size_hw[1])
        sides = np.maximum(1, np.round(np.array(tile.size_hw[::-1]) * scale)).astype(int)
        start = np.array(centre) - sides * (number % 2 == 0, number < NUM_TILES // 2)
        low, high = np.maximum(start, 0), np.minimum(start + sides, (width, height))
        if (high <= low).any():
            low = high = np.clip(start, 0, (width, height))
        else:
            small = _resized(tile, (int(sides[0]), int(sides[1])))
            image[low[1] : high[1], low[0] : high[0]] = small[
                low[1] - start[1] : high[1] - start[1], low[0] - start[0] : high[0] - start[0]
            ]
        pad_around(image, quadrant(number, centre, (width, height)), np.concatenate([low, high]))
        parts.append(_placed(tile, sides / tile.size_hw[::-1], start, np.concatenate([low, high])))
    return join(image, parts)


def quadrant(number: int, centre: tuple[int, int], size_wh: tuple[int, int]) -> np.ndarray:
    """Returns the window, xyxy, of one of the four quadrants around the centre."""
    (x, y), (width, height) = np.clip(centre, 0, size_wh), size_wh
    across, down = ((0, x), (x, width))[number % 2], ((0, y), (y, height))[number // 2]
    return np.array([across[0], down[0], across[1], down[1]])


def pad_around(image: np.ndarray, window: np.ndarray, inner: np.ndarray) -> None:
    """Fills what of a window an inner one leaves, which costs less than to fill all of it beforehand."""
    left, top, right, bottom = window
    low_x, low_y, high_x, high_y = inner
    image[top:low_y, left:right] = PAD_VALUE
    image[high_y:bottom, left:right] = PAD_VALUE
    image[low_y:high_y, left:low_x] = PAD_VALUE
    image[low_y:high_y, high_x:right] = PAD_VALUE


def _resized(tile: Picture, sides: tuple[int, int]) -> np.ndarray:
    if sides == tile.size_hw[::-1]:
        return tile.image
    shrinks = sides[1] < tile.size_hw[0]
    return cv2.resize(tile.image, sides, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def _placed(tile: Picture, scale: Float[np.ndarray, "2"], start: np.ndarray, window: np.ndarray) -> Picture:
    affine = np.column_stack([np.diag(scale), start.astype(np.float64)])
    moved = Picture(
        image=tile.image,
        outlines=move(tile.outlines, affine),
        class_ids=tile.class_ids,
        is_ignored=tile.is_ignored,
        share=tile.share,
    )
    return cut(moved, window.astype(np.float64))
