"""From images of any sizes to one input tensor: the rule that an artifact's manifest states.

Shapes: b images, h and w the network's input.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import UInt8

from meshsight.core.images import RgbImage
from meshsight.core.letterbox import Letterbox, apply_letterbox, fit_letterbox

InputTensor = UInt8[np.ndarray, "b 3 h w"]


def to_input(images: Sequence[RgbImage], input_hw: tuple[int, int]) -> tuple[InputTensor, list[Letterbox]]:
    """Letterboxes images into one tensor, RGB in 0..255, and returns how each was fitted."""
    letterboxes = [fit_letterbox((image.shape[0], image.shape[1]), input_hw) for image in images]
    fitted = [apply_letterbox(box, image) for box, image in zip(letterboxes, images, strict=True)]
    return np.ascontiguousarray(np.stack(fitted).transpose(0, 3, 1, 2)), letterboxes
