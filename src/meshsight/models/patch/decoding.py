"""From raw outputs to answers, step 7 of the walk; exportable.

Shapes: b patches, c class logits.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from meshsight.models.patch.losses import ball_logits


def scores_of(class_logits: Float[Tensor, "b c"]) -> Float[Tensor, " b"]:
    """Returns the probability of a ball; for two outputs, the softmax's."""
    return torch.sigmoid(ball_logits(class_logits))


def in_pixels(circles: Float[Tensor, "b 3"], input_hw: tuple[int, int]) -> Float[Tensor, "b 3"]:
    """Turns shares of the patch into pixels."""
    height, width = input_hw
    return circles * circles.new_tensor([width, width, height])
