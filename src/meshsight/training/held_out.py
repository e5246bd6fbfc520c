"""What the loop asks of the data that it learns from and measures on, whatever they show."""

from collections.abc import Callable, Sized
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, runtime_checkable

import torch

from meshsight.training.processes import Processes
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


class ValidationInput(NamedTuple):
    """What images are fitted into, and where it is computed.

    Attributes:
        input_hw: height and width of the network's input.
        device: where to compute.
        is_turned: whether upright images are given the input turned.
    """

    input_hw: tuple[int, int]
    device: torch.device
    is_turned: bool = False


@runtime_checkable
class HeldOut(Protocol):
    """A set that weights are measured on."""

    @property
    def name(self) -> str:
        """What reports call it."""
        ...

    def measure(
        self, network: Any, into: ValidationInput, should_stop: Callable[[], bool], processes: Processes
    ) -> Measured | None:
        """Measures a network in evaluation mode, each process a part or the whole; None once told to stop."""
        ...


@runtime_checkable
class Source(Protocol):
    """Where batches come from."""

    @property
    def labels(self) -> Sized:
        """All samples; their number makes an epoch."""
        ...

    @property
    def source_names(self) -> tuple[str, ...]:
        """Of the data sets; with several, the loss of each is measured now and then."""
        ...

    @property
    def source_losses_every(self) -> int:
        """Steps between these measurements."""
        ...

    def source_ids(self, k: int) -> list[int]:
        """Returns which of them each image of batch k is from, or of this process's part of it."""
        ...

    def batch(self, k: int) -> tuple[Any, BoxCounts]:
        """Makes batch k: images with targets, both tensors in a NamedTuple, and what became of the objects."""
        ...
