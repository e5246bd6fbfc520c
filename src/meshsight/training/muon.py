"""Muon: momentum whose steps are made orthogonal, for the convolutions of a network; AdamW moves the rest.

Source: K. Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks". A convolution's kernel counts
as a matrix of output channels by everything else. Its momentum M is replaced by an approximation of the nearest
semi-orthogonal matrix, U V^T of M = U S V^T, found by a quintic Newton-Schulz iteration, so that every direction of the
matrix is learnt at one speed. A small network trained from scratch needs far fewer steps than with AdamW.

Shapes: k matrices of one shape, r rows, c columns.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, optim

ITERATIONS = 5
COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the polynomial whose fixed points pull singular values into about 0.7 to 1.2; chosen by the source for speed."""


def orthogonalise(matrices: Float[Tensor, "k r c"]) -> Float[Tensor, "k r c"]:
    """Returns the nearest semi-orthogonal matrices, approximately: their singular values are about 1.

    The iteration X <- (a + b G + c G^2) X, with G = X X^T, runs on the small square G alone, of which every factor is a
    polynomial; X is multiplied once, at the end. For a wide matrix that is a third of the work.
    """
    a, b, c = COEFFICIENTS
    is_tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if is_tall else matrices
    x = x / (x.norm(dim=(1, 2), keepdim=True) + torch.finfo(x.dtype).eps)
    gram, whole = x @ x.mT, None
    for _ in range(ITERATIONS):
        factor = torch.baddbmm(gram, gram, gram, beta=b, alpha=c)
        factor.diagonal(dim1=1, dim2=2).add_(a)
        whole = factor if whole is None else factor @ whole
        gram = factor @ gram @ factor
    assert whole is not None
    x = whole @ x
    return x.mT if is_tall else x


class Muon(optim.Optimizer):
    """Moves parameters of two or more dimensions, each taken as a matrix of its first dimension by the others."""

    def __init__(self, groups: Iterable[dict[str, Any]], *, momentum: float):
        super().__init__(list(groups), {"lr": 0.02, "weight_decay": 0.0, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Takes one step, matrices of one shape together."""
        assert closure is None
        for group in self.param_groups:
            by_shape: defaultdict[tuple[int, int], list[Tensor]] = defaultdict(list)
            for parameter in group["params"]:
                if parameter.grad is not None:
                    by_shape[parameter.shape[0], parameter[0].numel()].append(parameter)
            for (rows, columns), members in by_shape.items():
                directions = torch.stack([self._momentum(p, group["momentum"]).reshape(rows, columns) for p in members])
                # The source's factor keeps the size of an update's entries alike for wide and tall matrices.
                rate = group["lr"] * max(1.0, rows / columns) ** 0.5
                for parameter, direction in zip(members, orthogonalise(directions), strict=True):
                    parameter.mul_(1 - group["lr"] * group["weight_decay"])
                    parameter.add_(direction.reshape(parameter.shape), alpha=-rate)

    def _momentum(self, parameter: Tensor, momentum: float) -> Tensor:
        """Takes in the gradient; returns Nesterov's look ahead."""
        assert parameter.grad is not None
        state = self.state[parameter]
        if not state:
            state["average"] = torch.zeros_like(parameter)
        state["average"].lerp_(parameter.grad, 1 - momentum)
        return parameter.grad.lerp(state["average"], momentum)


class JointOptimiser:
    """Several optimisers that move one network together, each its own parameters."""

    def __init__(self, *members: optim.Optimizer):
        self._members = members

    @property
    def members(self) -> tuple[optim.Optimizer, ...]:
        """The optimisers."""
        return self._members

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        """The groups of all members."""
        return list(chain.from_iterable(member.param_groups for member in self._members))

    def step(self) -> None:
        """Takes one step with each member."""
        for member in self._members:
            member.step()

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forgets the gradients."""
        for member in self._members:
            member.zero_grad(set_to_none=set_to_none)

    def state_dict(self) -> dict[str, Any]:
        """Returns the members' states, in order."""
        return {"members": [member.state_dict() for member in self._members]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Takes up states that `state_dict` gave."""
        for member, own in zip(self._members, state["members"], strict=True):
            member.load_state_dict(own)
