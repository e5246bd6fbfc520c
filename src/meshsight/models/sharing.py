"""One batch shared out among processes: losses divide by the whole batch's total, so that N processes equal one.

Gradients are averaged over processes. A term that is a sum over a process's images, divided by what `batch_total`
gives, is then on average the sum over the whole batch divided by the whole batch's total. Outside `shared_by`, as in
validation, where each process goes its own way, nothing is exchanged.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch.distributed as dist
from jaxtyping import Float
from torch import Tensor

_NUM_PROCESSES: ContextVar[int] = ContextVar("num_processes", default=1)


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


def batch_total(own: Float[Tensor, ""], least: float = 0.0) -> Float[Tensor, ""]:
    """Returns what a sum over this process's part of the batch is to be divided by.

    Args:
        own: this part's count or weight.
        least: that of the whole batch counts as no less than this.
    """
    count = _NUM_PROCESSES.get()
    if count == 1:
        return own.clamp(min=least)
    total = own.detach().clone()
    dist.all_reduce(total)
    return total.clamp(min=least) / count
