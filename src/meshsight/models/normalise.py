"""The first thing that a detector does to its images."""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

MEAN_AND_STD = {
    "imagenet": ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375)),
    "unit": ((0.0, 0.0, 0.0), (255.0, 255.0, 255.0)),
    "none": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
}
"""Of RGB in 0..255."""


class Normalise(nn.Module):
    """Takes out the mean and divides by the deviation."""

    def __init__(self, kind: Literal["imagenet", "unit", "none"]):
        super().__init__()
        mean, std = (torch.tensor(values).reshape(3, 1, 1) for values in MEAN_AND_STD[kind])
        self.scale: Tensor
        self.shift: Tensor
        self.register_buffer("scale", 1 / std, persistent=False)
        self.register_buffer("shift", -mean / std, persistent=False)

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
        """Returns images as the backbone wants them."""
        # One pass over the image; subtracting and dividing took a tenth of the small detector's whole training step.
        return torch.addcmul(self.shift, images, self.scale)
