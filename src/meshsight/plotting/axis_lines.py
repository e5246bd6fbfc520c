"""Axes drawn over a picture of a model."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float

from meshsight.plotting.draw import Picture
from meshsight.plotting.style import Rgb8

_FRACTION_BITS = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AxisLine:
    """One axis.

    Attributes:
        ends: (2, 2) in pixels of the picture; NaN draws nothing.
        color: of line and name.
        name: written at its end; a line without a name is dashed.
    """

    ends: Float[np.ndarray, "2 2"]
    color: Rgb8
    name: str = ""


def draw_axis_lines(picture: Picture, lines: Sequence[AxisLine]) -> Picture:
    """Returns a picture with axes over it."""
    drawn = picture.copy()
    width = max(2, picture.shape[0] // 160)
    for line in lines:
        if not np.isfinite(line.ends).all() or np.abs(line.ends).max() > 10 * max(picture.shape):
            continue
        pieces = [(0.0, 1.0)] if line.name else _dashes(line.ends, 6 * width)
        for low, high in pieces:
            start, end = (line.ends[0] + share * (line.ends[1] - line.ends[0]) for share in (low, high))
            cv2.line(drawn, _fixed(start), _fixed(end), line.color, width, cv2.LINE_AA, _FRACTION_BITS)
        if line.name:
            x, y = (round(float(value)) for value in line.ends[1])
            cv2.putText(drawn, line.name, (x + 3, y - 3), cv2.FONT_HERSHEY_SIMPLEX, 0.5, line.color, 1, cv2.LINE_AA)
    return drawn


def _dashes(ends: Float[np.ndarray, "2 2"], length_px: int) -> list[tuple[float, float]]:
    count = max(1, round(float(np.linalg.norm(ends[1] - ends[0])) / (2 * length_px)))
    return [(k / count, (k + 0.55) / count) for k in range(count)]


def _fixed(point: Float[np.ndarray, " two"]) -> tuple[int, int]:
    x, y = (round(float(value) * 2**_FRACTION_BITS) for value in point)
    return x, y
