"""What goes into a detector; torch begins here.

Shapes: b images, m targets (the largest number in the batch), h and w the input.
"""

from typing import NamedTuple

from jaxtyping import Bool, Float, Int64, UInt8
from torch import Tensor

PADDING = -1


class Targets(NamedTuple):
    """The truth of a batch, padded to the image with most objects.

    Attributes:
        boxes: xyxy in pixels of the network's input; zeros where padded.
        class_ids: from 0; `PADDING` where padded.
        is_ignored: regions that are neither object nor background.
    """

    boxes: Float[Tensor, "b m 4"]
    class_ids: Int64[Tensor, "b m"]
    is_ignored: Bool[Tensor, "b m"]


class Batch(NamedTuple):
    """A batch of letterboxed or augmented images, RGB in 0..255; detectors normalise by themselves."""

    images: UInt8[Tensor, "b 3 h w"]
    targets: Targets
