"""A patch network as the training loop sees it.

Shapes: b patches, c channels of the image, h and w the input.
"""

from typing import Any, NamedTuple

from jaxtyping import Bool, Float, UInt8
from torch import Tensor

from meshsight.models.learner import Learner
from meshsight.models.patch.net import PatchNet
from meshsight.models.patch.targets import PatchTargets


class PlacedTargets(NamedTuple):
    """The truth of a batch, see `PatchTargets`, and where in the camera's image each patch was cut.

    Attributes:
        balls: 1 for a ball, 0 for none.
        circles: as shares of the patch.
        has_circle: whether the circle is known.
        places: corners as shares of the camera's image; zeros where unknown.
    """

    balls: Float[Tensor, " b"]
    circles: Float[Tensor, "b 3"]
    has_circle: Bool[Tensor, " b"]
    places: Float[Tensor, "b 4"]


class PatchBatch(NamedTuple):
    """Patches in 0..255 with their truth."""

    images: UInt8[Tensor, "b c h w"]
    targets: PlacedTargets


class PatchLearner(Learner):
    """Tells a network the places of its patches, which come with the truth.

    Attributes:
        net: the network that learns.
    """

    def __init__(self, net: PatchNet):
        super().__init__()
        self.net = net

    def forward(self, images: Float[Tensor, "b c h w"], targets: PlacedTargets | None = None) -> Any:
        """Maps patches to raw outputs."""
        return self.net(images, None if targets is None else targets.places)

    def loss(
        self, raw: Any, targets: PlacedTargets, size_hw: tuple[int, int] | None = None
    ) -> dict[str, Float[Tensor, ""]]:
        """Returns the weighted loss terms of a batch by name."""
        return self.net.loss(raw, PatchTargets(targets.balls, targets.circles, targets.has_circle))
