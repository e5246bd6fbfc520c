"""The halved copies of a picture that surfaces far away are drawn with, averaged in linear light."""

from collections.abc import Iterator

import cv2
import numpy as np
from jaxtyping import UInt8

from meshsight.render.tone import decode_srgb, encode_srgb, to_image

# Linear light on 16 bits, of which every sRGB byte keeps its own.
_TO_LINEAR = np.round(decode_srgb(np.arange(256) / 255) * 65535).astype(np.uint16)
_TO_SRGB = to_image(encode_srgb(np.arange(65536) / 65535))


def mipmap_levels(pixels: UInt8[np.ndarray, "h w 3"], *, is_color: bool) -> Iterator[UInt8[np.ndarray, "h2 w2 3"]]:
    """Yields the picture itself, then each level of half the size (rounded down) to a single texel."""
    yield pixels
    light = _TO_LINEAR.take(pixels) if is_color else pixels
    while max(light.shape[:2]) > 1:
        height, width = (max(1, side // 2) for side in light.shape[:2])
        light = np.asarray(cv2.resize(light, (width, height), interpolation=cv2.INTER_AREA), dtype=light.dtype)
        yield _TO_SRGB.take(light) if is_color else light
