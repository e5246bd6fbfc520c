"""An exponential moving average of the weights, which generalises better than the last ones (Polyak averaging)."""

import copy
import math
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

Network = TypeVar("Network", bound=nn.Module)


class WeightAverage(Generic[Network]):
    """Follows a network's parameters and running statistics.

    The decay at update t is decay * (1 - exp(-(t + 1) / ramp)), as YOLOX has it, or without a ramp
    min(decay, (1 + t) / (10 + t)), so that a random start is soon forgotten.

    Attributes:
        network: a copy that holds the average; always in evaluation mode.
    """

    def __init__(self, source: Network, decay: float, ramp: float | None = None):
        self.network = copy.deepcopy(source).eval().requires_grad_(False)
        self._decay, self._ramp = decay, ramp
        pairs = list(zip(_tensors(self.network), _tensors(source), strict=True))
        self._averages = [average for average, _ in pairs if average.is_floating_point()]
        self._currents = [current for _, current in pairs if current.is_floating_point()]
        self._counters = [pair for pair in pairs if not pair[0].is_floating_point()]

    def decay_at(self, step: int) -> float:
        """Returns the decay after `step` earlier updates."""
        if self._ramp is None:
            return min(self._decay, (1 + step) / (10 + step))
        return self._decay * (1 - math.exp(-(step + 1) / self._ramp))

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Takes in the source's weights after `step` earlier updates."""
        torch._foreach_lerp_(self._averages, self._currents, 1 - self.decay_at(step))
        for average, current in self._counters:
            average.copy_(current)


def _tensors(network: nn.Module) -> list[Tensor]:
    return [*network.parameters(), *network.buffers()]
