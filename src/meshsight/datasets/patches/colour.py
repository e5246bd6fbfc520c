"""From RGB to the colours that robots see, each by the name of the library that converts.

OpenCV's YUV and PIL's YCbCr have the same Y up to rounding (ITU-R BT.601 over the full range); their colours differ:
U and V are 0.492 (B - Y) and 0.877 (R - Y), Cb and Cr 0.564 (B - Y) and 0.713 (R - Y), each plus 128.
"""

from collections.abc import Callable

import cv2
import numpy as np
from jaxtyping import UInt8
from PIL import Image

from meshsight.core.images import RgbImage
from meshsight.specs.patch_making import ColourMode

Pixels = UInt8[np.ndarray, "h w c"]


def in_colours(image: RgbImage, mode: ColourMode) -> Pixels:
    """Converts an image; 4:2:2 has U (or Cb) in even columns and V (or Cr) in odd ones, each the mean of the pair."""
    return _CONVERSIONS[mode](image)


def _gray(image: RgbImage) -> Pixels:
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None]


def _rgb(image: RgbImage) -> Pixels:
    return image


def _cv2(image: RgbImage) -> Pixels:
    return cv2.cvtColor(image, cv2.COLOR_RGB2YUV)


def _pil(image: RgbImage) -> Pixels:
    return np.asarray(Image.fromarray(image).convert("YCbCr"))


def paired(yuv: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "h w 2"]:
    """Turns 4:4:4 into Y beside U and V in turn; the width must be even."""
    wide = yuv[..., 1:].astype(np.uint16)
    means = ((wide[:, 0::2] + wide[:, 1::2] + 1) // 2).astype(np.uint8)
    result = np.empty((*yuv.shape[:2], 2), np.uint8)
    result[..., 0] = yuv[..., 0]
    result[:, 0::2, 1], result[:, 1::2, 1] = means[..., 0], means[..., 1]
    return result


_CONVERSIONS: dict[str, Callable[[RgbImage], Pixels]] = {
    "gray": _gray,
    "rgb": _rgb,
    "y_cv2": lambda image: _cv2(image)[..., :1],
    "y_pil": lambda image: _pil(image)[..., :1],
    "yuv422_cv2": lambda image: paired(_cv2(image)),
    "yuv422_pil": lambda image: paired(_pil(image)),
}
