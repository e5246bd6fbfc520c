"""The processes that train one network together, started by torchrun (or `train --processes`), each on its own device.

What they exchange besides gradients is small and goes over gloo: whether to stop, what a validation found.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
import torch.distributed as dist

from meshsight.core.errors import CallError

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class Processes:
    """This process among those of a run.

    Attributes:
        rank: its number, from 0; the first one writes files and talks.
        count: how many there are.
        local_rank: its number on this machine.
        control: the group that small messages go through; None when alone.
    """

    rank: int = 0
    count: int = 1
    local_rank: int = 0
    control: Any = None

    @property
    def is_first(self) -> bool:
        """Whether it writes files and talks."""
        return self.rank == 0

    def any(self, flag: bool) -> bool:
        """Whether any process says so; all must ask."""
        if self.count == 1:
            return flag
        told = torch.tensor(float(flag))
        dist.all_reduce(told, group=self.control)
        return bool(told > 0)

    def mean(self, values: dict[str, float]) -> dict[str, float]:
        """Returns the means over processes of numbers by name; the names are the same everywhere."""
        if self.count == 1:
            return values
        told = torch.tensor(list(values.values()), dtype=torch.float64)
        dist.all_reduce(told, group=self.control)
        return dict(zip(values, (told / self.count).tolist(), strict=True))

    def gather(self, found: Found) -> list[Found]:
        """Returns what each process has, in order of their ranks; all must ask."""
        if self.count == 1:
            return [found]
        result: list[Any] = [None] * self.count
        dist.all_gather_object(result, found, group=self.control)
        return result


ALONE = Processes()


def num_processes() -> int:
    """Returns how many processes the starter of this one announced."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_first_process() -> bool:
    """Whether this process is alone or the first of its run."""
    return int(os.environ.get("RANK", "0")) == 0


@contextmanager
def joined_processes(device: str) -> Iterator[Processes]:
    """Joins the other processes of the run, if there are any, and leaves them in the end.

    Args:
        device: auto, cpu or cuda; on CUDA each process takes the device of its local rank.

    Raises:
        CallError: fewer CUDA devices than processes.
    """
    if num_processes() == 1:
        yield ALONE
        return
    local_rank = int(os.environ.get("LOCAL_RANK", "0"))
    is_cuda = device.startswith("cuda") or (device == "auto" and torch.cuda.is_available())
    if is_cuda and local_rank >= torch.cuda.device_count():
        raise CallError(
            f"{num_processes()} processes, but torch sees {torch.cuda.device_count()} CUDA devices: start fewer, or "
            "give --device cpu"
        )
    if is_cuda:
        torch.cuda.set_device(local_rank)
    dist.init_process_group("nccl" if is_cuda else "gloo")
    try:
        control = dist.new_group(backend="gloo") if is_cuda else None
        yield Processes(rank=dist.get_rank(), count=dist.get_world_size(), local_rank=local_rank, control=control)
    finally:
        dist.destroy_process_group()
