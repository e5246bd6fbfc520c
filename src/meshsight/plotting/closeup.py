"""A cut-out around one place of an image, for galleries of single objects."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from meshsight.plotting.draw import Mark, Picture, draw_fitted
from meshsight.records.sample import Box

_LEAST_SIDE = 64.0


def draw_closeup(image: Picture, focus: Box, marks: Sequence[Mark], side: int = 320) -> Picture:
    """Draws marks on a square cut-out around a box, with as much around it as the box is large on either side.

    At the image's borders the cut-out is moved inwards, and made smaller only where the image is.

    Args:
        image: the whole image.
        focus: the box to look at, in pixels of the image.
        marks: in pixels of the image; masks and shapes are left out.
        side: longer side of the result in pixels.
    """
    x1, y1, x2, y2 = focus
    wanted = max(2.2 * max(x2 - x1, y2 - y1), _LEAST_SIDE)
    height, width = image.shape[:2]
    left, right = _window((x1 + x2) / 2, wanted, width)
    top, bottom = _window((y1 + y2) / 2, wanted, height)
    shift = np.array([left, top, left, top])
    moved = [replace(mark, box=tuple((np.array(mark.box) - shift).tolist()), mask=None, shapes=()) for mark in marks]
    return draw_fitted(image[top:bottom, left:right], moved, side, text_px=max(11, side // 20))


def _window(center: float, wanted: float, limit: int) -> tuple[int, int]:
    size = min(round(wanted), limit)
    start = min(max(round(center - size / 2), 0), limit - size)
    return start, start + size
