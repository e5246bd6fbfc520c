"""Many patches in one picture, each with its circle.

Shapes: n patches of height h, width w and c channels (only the first is shown of two).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from meshsight.core.images import RgbImage

CELL_PX = 72
GAP_PX = 4
TITLE_PX = 26
_PAPER, _INK = 24, 235
_TRUTH, _FOUND = (90, 220, 120), (255, 140, 60)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PatchRow:
    """Patches under one title.

    Attributes:
        title: in one line.
        pixels: the patches.
        circles: radius, x and y of the truth as shares of the patch; a radius of 0 draws none. Or None.
        found: likewise, what a network said.
    """

    title: str
    pixels: UInt8[np.ndarray, "n h w c"]
    circles: Float[np.ndarray, "n 3"] | None = None
    found: Float[np.ndarray, "n 3"] | None = None


def draw_sheet(rows: Sequence[PatchRow], columns: int = 16) -> RgbImage:
    """Returns a picture of all rows below each other; truth in green, what was found in orange."""
    return np.concatenate([_draw_row(row, columns) for row in rows])


def _draw_row(row: PatchRow, columns: int) -> RgbImage:
    lines = max(1, -(-len(row.pixels) // columns))
    step = CELL_PX + GAP_PX
    sheet = np.full((TITLE_PX + lines * step, columns * step, 3), _PAPER, dtype=np.uint8)
    cv2.putText(sheet, row.title, (6, TITLE_PX - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (_INK,) * 3, 1, cv2.LINE_AA)
    for index, patch in enumerate(row.pixels):
        top, left = TITLE_PX + index // columns * step, index % columns * step
        cell = np.ascontiguousarray(cv2.resize(_as_rgb(patch), (CELL_PX, CELL_PX), interpolation=cv2.INTER_NEAREST))
        for circles, color in ((row.circles, _TRUTH), (row.found, _FOUND)):
            if circles is not None and circles[index, 0] > 0:
                _draw_circle(cell, circles[index], color)
        sheet[top : top + CELL_PX, left : left + CELL_PX] = cell
    return sheet


def _as_rgb(patch: UInt8[np.ndarray, "h w c"]) -> RgbImage:
    return patch if patch.shape[2] == 3 else np.repeat(patch[..., :1], 3, axis=2)


def _draw_circle(cell: RgbImage, circle: Float[np.ndarray, "3"], color: tuple[int, int, int]) -> None:
    bits = 4  # of a pixel's fraction, as OpenCV takes it
    radius, x, y = (circle * CELL_PX * 2**bits).round().astype(int).tolist()
    half = 2 ** (bits - 1)  # OpenCV's pixel centres are whole numbers
    cv2.circle(cell, (x - half, y - half), radius, color, 1, cv2.LINE_AA, bits)
