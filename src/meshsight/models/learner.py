"""What the training loop asks of a network, whatever it is for."""

from abc import ABC, abstractmethod
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn


class Learner(nn.Module, ABC):
    """A network that learns from batches of images with their truth, a NamedTuple of tensors."""

    @abstractmethod
    def forward(self, images: Float[Tensor, "b c h w"], targets: Any = None) -> Any:
        """Maps images in 0..255 to raw outputs, a NamedTuple of tensors."""

    def set_progress(self, share: float) -> None:
        """Tells what share of the training is done, 0..1, before a step; for losses that change on the way."""

    @abstractmethod
    def loss(self, raw: Any, targets: Any, size_hw: tuple[int, int]) -> dict[str, Float[Tensor, ""]]:
        """Returns the weighted loss terms of a batch by name; the total is their sum."""
