"""Turns the hue of colours and scales their saturation, in HSV, as Blender's node Hue/Saturation/Value does.

With v the largest channel, s the saturation and h the hue in sixths of a turn, a channel is
v - v s max(0, min(k, 4 - k, 1)) with k = (n + h) mod 6, where n is 5, 3, 1 for red, green, blue.
`gl/shaders/surface.frag.glsl` is the same arithmetic.
"""

import math

import numpy as np
from jaxtyping import Float

from meshsight.records.scene import MaterialOverride

Recolouring = tuple[float, float]
"""Sixths of a full turn that are added to the hue, 0 to 6, and a factor on the saturation, which ends at 1."""

_CHANNELS = np.array([5.0, 3.0, 1.0])


def recolouring_of(override: MaterialOverride) -> Recolouring | None:
    """Returns what a scene does to an object's colours; None for nothing."""
    turn = override.hue_shift_rad / (2 * math.pi) % 1.0
    return None if turn == 0.0 and override.saturation == 1.0 else (6.0 * turn, override.saturation)


def recoloured(colors: Float[np.ndarray, "n 3"], by: Recolouring) -> Float[np.ndarray, "n 3"]:
    """Returns linear colours with another hue and saturation and the same largest channel."""
    turn, factor = by
    red, green, blue = colors.T
    value = colors.max(axis=1)
    chroma = value - colors.min(axis=1)
    width = np.where(chroma > 0, chroma, 1.0)
    hue = np.where(
        value == red,
        (green - blue) / width,
        np.where(value == green, 2.0 + (blue - red) / width, 4.0 + (red - green) / width),
    )
    saturation = np.minimum(factor * chroma / np.where(value > 0, value, 1.0), 1.0)
    k = (_CHANNELS + hue[:, None] + turn) % 6.0
    return value[:, None] * (1.0 - saturation[:, None] * np.clip(np.minimum(k, 4.0 - k), 0.0, 1.0))
