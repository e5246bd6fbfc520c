"""What the loop asks of the data that it learns from and measures on, whatever they show."""

from collections.abc import Callable, Sized
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch

from meshsight.training.sample import BoxCounts


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measured:
    """What one validation found.

    Attributes:
        figures: by name; None where there is nothing to measure.
        loss: the mean over images of the sum of terms.
    """

    figures: dict[str, float | None]
    loss: float


@runtime_checkable
class HeldOut(Protocol):
    """A set that weights are measured on."""

    @property
    def name(self) -> str:
        """What reports call it."""
        ...

    def measure(
        self, network: Any, input_hw: tuple[int, int], device: torch.device, should_stop: Callable[[], bool]
    ) -> Measured | None:
        """Measures a network in evaluation mode; None once told to stop."""
        ...


@runtime_checkable
class Source(Protocol):
    """Where batches come from."""

    @property
    def labels(self) -> Sized:
        """All samples; their number makes an epoch."""
        ...

    def batch(self, k: int) -> tuple[Any, BoxCounts]:
        """Makes batch k: images with targets, both tensors in a NamedTuple, and what became of the objects."""
        ...
