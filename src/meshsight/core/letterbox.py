"""How an image is fitted into a network's input: scaled to fit, aspect kept, placed top left, padded with grey."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from meshsight.core.boxes import Boxes, clip_boxes
from meshsight.core.images import RgbImage

PAD_VALUE = 114


@dataclass(frozen=True, slots=True, kw_only=True)
class Letterbox:
    """The mapping from an original image to the network's input.

    Attributes:
        original_hw, input_hw: sizes of both.
        resized_hw: size of the scaled image inside the input, before padding to the right and below.
    """

    original_hw: tuple[int, int]
    input_hw: tuple[int, int]
    resized_hw: tuple[int, int]


def fit_letterbox(original_hw: tuple[int, int], input_hw: tuple[int, int]) -> Letterbox:
    """Plans the largest scaling, up or down, that fits the input."""
    scale = min(input_hw[0] / original_hw[0], input_hw[1] / original_hw[1])
    height, width = (max(1, min(limit, round(side * scale))) for side, limit in zip(original_hw, input_hw, strict=True))
    return Letterbox(original_hw=original_hw, input_hw=input_hw, resized_hw=(height, width))


def apply_letterbox(letterbox: Letterbox, image: RgbImage) -> UInt8[np.ndarray, "input_h input_w 3"]:
    """Scales (by area when shrinking, bilinear when growing) and pads an image."""
    height, width = letterbox.resized_hw
    if letterbox.resized_hw != letterbox.original_hw:
        shrinks = height < letterbox.original_hw[0]
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    if letterbox.resized_hw == letterbox.input_hw:
        return image
    padded = np.full((*letterbox.input_hw, 3), PAD_VALUE, dtype=np.uint8)
    padded[:height, :width] = image
    return padded


def _factors(letterbox: Letterbox) -> Float[np.ndarray, "4"]:
    y = letterbox.resized_hw[0] / letterbox.original_hw[0]
    x = letterbox.resized_hw[1] / letterbox.original_hw[1]
    return np.array([x, y, x, y], dtype=np.float32)


def boxes_to_input(letterbox: Letterbox, boxes: Boxes) -> Boxes:
    """Maps boxes of the original image into the network's input."""
    return (boxes * _factors(letterbox)).astype(np.float32)


def boxes_to_original(letterbox: Letterbox, boxes: Boxes) -> Boxes:
    """Maps boxes of the network's input back, clipped to the original image."""
    return clip_boxes((boxes / _factors(letterbox)).astype(np.float32), letterbox.original_hw)
