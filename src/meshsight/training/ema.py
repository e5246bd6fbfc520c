"""An exponential moving average of the weights, which generalises better than the last ones (Polyak averaging)."""

import copy
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

Network = TypeVar("Network", bound=nn.Module)


class WeightAverage(Generic[Network]):
    """Follows a network's parameters and running statistics.

    The decay at update t is min(decay, (1 + t) / (10 + t)), so that the random start is soon forgotten.

    Attributes:
        network: a copy that holds the average; always in evaluation mode.
    """

    def __init__(self, source: Network, decay: float):
        self.network = copy.deepcopy(source).eval().requires_grad_(False)
        self._decay = decay
        pairs = list(zip(_tensors(self.network), _tensors(source), strict=True))
        self._averages = [average for average, _ in pairs if average.is_floating_point()]
        self._currents = [current for _, current in pairs if current.is_floating_point()]
        self._counters = [pair for pair in pairs if not pair[0].is_floating_point()]

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Takes in the source's weights after `step` earlier updates."""
        decay = min(self._decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(self._averages, self._currents, 1 - decay)
        for average, current in self._counters:
            average.copy_(current)


def _tensors(network: nn.Module) -> list[Tensor]:
    return [*network.parameters(), *network.buffers()]
