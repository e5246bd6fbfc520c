"""What a run will take, measured on its first frames: time, work, money and room on the disk."""

import math
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from meshsight.core.errors import CallError, StorageError

MEASURED_FRAMES = 20
LOOKS_AT_DISK_EVERY = 200
"""Frames between two looks at the free space."""
PRICE_VARIABLE = "MESHSIGHT_PRICE_PER_HOUR"
"""What an hour costs of the machine, or machines, that the workers run on; any currency."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What is still to come.

    Attributes:
        frames: frames to be drawn.
        workers: processes that draw them.
        seconds: by the clock.
        num_bytes: on the disk.
        price_per_hour: of the machines, all workers together; None where it is not known.
    """

    frames: int
    workers: int
    seconds: float
    num_bytes: int
    price_per_hour: float | None = None

    def __str__(self) -> str:
        work = f"{_duration(self.seconds * self.workers)} of one worker"
        return (
            f"{self.frames:,} frames to go: about {_duration(self.seconds)} "
            f"({work}{cost_text(self.seconds, self.price_per_hour)}) and {size_text(self.num_bytes)} on the disk"
        )


def price_per_hour() -> float | None:
    """Returns the price that the environment names, or None.

    Raises:
        CallError: it is no price.
    """
    words = os.environ.get(PRICE_VARIABLE, "")
    if not words:
        return None
    try:
        price = float(words)
    except ValueError:
        price = math.nan
    if not (price >= 0 and math.isfinite(price)):
        raise CallError(f"{PRICE_VARIABLE}: expected what an hour costs, such as 1.006; found '{words}'")
    return price


def cost_text(seconds: float, price: float | None) -> str:
    """Returns what a time costs at a price for an hour, to follow other words; nothing without a price."""
    return "" if price is None else f", {seconds / 3600 * price:.2f} at {price:g} an hour"


class Estimator:
    """Watches frames being drawn and the disk filling."""

    def __init__(self, folder: Path, frames: int, workers: int) -> None:
        self._folder = folder
        self._frames = frames
        self._workers = workers
        self._drawn = 0
        self._num_bytes = 0
        self._first_at: float | None = None
        self._timed = 0
        self._look_at = MEASURED_FRAMES
        self._price = price_per_hour()

    def add(self, frames: int, num_bytes: int) -> Estimate | None:
        """Takes in drawn frames; returns what is to come, once, when enough are drawn to tell.

        Raises:
            StorageError: the disk cannot hold the rest.
        """
        self._drawn += frames
        self._num_bytes += num_bytes
        if self._first_at is None:  # the first ones hold the loading of meshes, so the clock starts behind them
            self._first_at = time.monotonic()
            return None
        self._timed += frames
        if self._drawn < self._look_at or self._drawn >= self._frames:
            return None
        is_first = self._look_at == MEASURED_FRAMES
        self._look_at = self._drawn + LOOKS_AT_DISK_EVERY
        estimate = self._estimate(time.monotonic() - self._first_at)
        self._check_disk(estimate)
        return estimate if is_first else None

    def _estimate(self, seconds: float) -> Estimate:
        left = self._frames - self._drawn
        return Estimate(
            frames=left,
            workers=self._workers,
            seconds=left * seconds / self._timed,
            num_bytes=left * self._num_bytes // self._drawn,
            price_per_hour=self._price,
        )

    def _check_disk(self, estimate: Estimate) -> None:
        free = shutil.disk_usage(self._folder).free
        if estimate.num_bytes > free:
            fitting = self._drawn + free * self._drawn // max(1, self._num_bytes)
            raise StorageError(
                f"{self._folder}: the {estimate.frames:,} frames to go need about {size_text(estimate.num_bytes)}, and "
                f"{size_text(free)} are free. Free space, name another folder, or ask for fewer frames: there is room "
                f"for about {fitting:,} (--frames {fitting})."
            )


def size_text(num_bytes: int) -> str:
    """Returns a size as people read it."""
    size = float(num_bytes)
    for unit in ("bytes", "KB", "MB", "GB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} TB"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
