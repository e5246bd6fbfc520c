"""The first thing that a patch network does to its patch.

Shapes: b patches, c channels of the image, h and w the input.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from meshsight.models.patch.spec import PatchSpec

SCALE = 1 / 255


class Entry(nn.Module):
    """Brings pixels to 0..1, takes out the training set's mean, and adds the position channel.

    Attributes:
        mean: of each channel of the training set, in 0..1; zeros until it is set. It is saved with the weights.
    """

    def __init__(self, spec: PatchSpec):
        super().__init__()
        self.has_position = spec.has_position
        self.mean: Tensor
        self.register_buffer("mean", torch.zeros(spec.channels))

    def forward(
        self, patches: Float[Tensor, "b c h w"], places: Float[Tensor, "b 4"] | None = None
    ) -> Float[Tensor, "b _ h w"]:
        """Returns what the first convolution sees."""
        values = patches * SCALE - self.mean[:, None, None]
        if not self.has_position:
            return values
        assert places is not None, "a network with a position channel is told where its patches lie"
        return torch.cat([values, position_channel(places, patches.shape[2], patches.shape[3])], dim=1)


def position_channel(places: Float[Tensor, "b 4"], height: int, width: int) -> Float[Tensor, "b 1 h w"]:
    """Tiles the corners (x1, y1, x2, y2) of each patch, as NaoTH does: x1 y1 over x2 y2, again and again."""
    tiles = places.reshape(-1, 1, 2, 2).repeat(1, 1, (height + 1) // 2, (width + 1) // 2)
    return tiles[:, :, :height, :width]
