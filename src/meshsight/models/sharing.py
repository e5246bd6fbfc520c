"""One batch shared out among processes: losses divide by the whole batch's total, so that N processes equal one.

Gradients are averaged over processes. A term that is a sum over a process's images, divided by what `batch_total`
gives, is then on average the sum over the whole batch divided by the whole batch's total. Outside `shared_by`, as in
validation, where each process goes its own way, nothing is exchanged. Within it, all processes must call the same
functions in the same order, whatever their images hold.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

import torch
import torch.distributed as dist
from jaxtyping import Float
from torch import Tensor

_NUM_PROCESSES: ContextVar[int] = ContextVar("num_processes", default=1)


class _SumOverProcesses(torch.autograd.Function):
    """The sum over processes: what depends on it in any of them has its gradient in all."""

    @staticmethod
    def forward(ctx: Any, own: Tensor) -> Tensor:
        total = own.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        total = gradients[0].clone()
        dist.all_reduce(total)
        return total


@contextmanager
def shared_by(num_processes: int) -> Iterator[None]:
    """Says that all processes are now computing the loss of one batch, each of its own part."""
    token = _NUM_PROCESSES.set(num_processes)
    try:
        yield
    finally:
        _NUM_PROCESSES.reset(token)


def num_sharing() -> int:
    """Returns the number of processes that share the batch: the factor on terms that are plain sums over it."""
    return _NUM_PROCESSES.get()


def sum_over_processes(own: Float[Tensor, "*n"]) -> Float[Tensor, "*n"]:
    """Returns the sum over all processes of the group, shared batch or not; it carries gradients to each of them."""
    total = _SumOverProcesses.apply(own)
    assert isinstance(total, Tensor)
    return total


def batch_sum(own: Float[Tensor, "*n"]) -> Float[Tensor, "*n"]:
    """Returns the whole batch's sums, given those of this process's part; it carries gradients to every part."""
    return own if _NUM_PROCESSES.get() == 1 else sum_over_processes(own)


def batch_total(own: Float[Tensor, "*n"], least: float = 0.0) -> Float[Tensor, "*n"]:
    """Returns what sums over this process's part of the batch are to be divided by; without gradients to others.

    Args:
        own: this part's counts or weights.
        least: those of the whole batch counts as no less than this.
    """
    count = _NUM_PROCESSES.get()
    if count == 1:
        return own.clamp(min=least)
    return sum_over_processes(own.detach()).clamp(min=least) / count


class BatchRows(NamedTuple):
    """Rows of all processes, in the order of the whole batch, and which of them are this process's own."""

    rows: Float[Tensor, "n k"]
    own: slice


@torch.no_grad()
def batch_rows(own: Float[Tensor, "m k"]) -> BatchRows:
    """Returns the rows of the whole batch, given those of this process's part; without gradients."""
    count = _NUM_PROCESSES.get()
    if count == 1:
        return BatchRows(own, slice(0, len(own)))
    counts = own.new_zeros(count)
    counts[dist.get_rank()] = len(own)
    dist.all_reduce(counts)
    lengths = [int(length) for length in counts.tolist()]
    padded = own.new_zeros(max(lengths), own.shape[1])
    padded[: len(own)] = own
    parts = [torch.empty_like(padded) for _ in lengths]
    dist.all_gather(parts, padded)
    start = sum(lengths[: dist.get_rank()])
    whole = torch.cat([part[:length] for part, length in zip(parts, lengths, strict=True)])
    return BatchRows(whole, slice(start, start + len(own)))


def images_before(num_own: int) -> int:
    """Returns how many images of the batch come before this process's part, which is as large as all others."""
    return 0 if _NUM_PROCESSES.get() == 1 else dist.get_rank() * num_own


def batch_seeds(num_own: int, device: torch.device) -> list[int]:
    """Draws a number for each image of this process's part, so that what is random does not depend on the parts.

    Those of the whole batch come from the first process's stream, which is that of a process that has all of it.

    Args:
        num_own: images of this part; all parts are equally large.
        device: of the exchange.
    """
    return common_seeds(num_own * _NUM_PROCESSES.get(), device)[images_before(num_own) :][:num_own]


def common_seeds(num: int, device: torch.device) -> list[int]:
    """Draws numbers from the first process's stream, the same for all that share the batch.

    Args:
        num: how many.
        device: of the exchange.
    """
    drawn = torch.randint(2**62, (num,))
    if _NUM_PROCESSES.get() > 1:
        drawn = drawn.to(device)
        dist.broadcast(drawn, 0)
    return drawn.tolist()
