"""How many workers this machine can take: cores and memory, also inside containers."""

import os
from pathlib import Path

import psutil

CGROUP = Path("/sys/fs/cgroup")


def usable_cores(cgroup: Path = CGROUP) -> int:
    """Returns physical cores that this process may use, by affinity and container quota; at least 1.

    Two hardware threads of one core count once: rendering and training gain nothing from the second.
    """
    logical = os.cpu_count() or 1
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else logical
    physical = psutil.cpu_count(logical=False) or logical
    quota = _quota(cgroup)
    return max(1, min(allowed, physical, allowed if quota is None else int(quota)))


def usable_bytes(cgroup: Path = CGROUP) -> int:
    """Returns memory that is free now, by the machine and the container's limit."""
    free = psutil.virtual_memory().available
    limit, used = (_number(cgroup / name) for name in ("memory.max", "memory.current"))
    return free if limit is None else min(free, max(0, limit - (used or 0)))


def idle_cores(seconds: float = 0.5) -> int:
    """Returns how many of the usable cores nothing else keeps busy, watched for a moment; at least 1.

    Threads of one operation wait for each other: on a core that is busy with something else, they cost all of them.
    """
    cores = usable_cores()
    busy = psutil.cpu_percent(interval=seconds) / 100
    return max(1, round(cores - busy * (os.cpu_count() or cores)))


def default_workers(bytes_each: int) -> int:
    """Returns how many workers of a given size to start: one for each core, as far as memory goes."""
    return max(1, min(usable_cores(), usable_bytes() // bytes_each))


def _quota(cgroup: Path) -> float | None:
    """Returns the cores of a container's quota (cgroup v2), or None without one."""
    try:
        share, period = (cgroup / "cpu.max").read_text().split()
    except (OSError, ValueError):
        return None
    return None if share == "max" else int(share) / int(period)


def _number(file: Path) -> int | None:
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None
