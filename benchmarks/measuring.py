"""What the benchmarks share: measuring a call, taking turns, and telling the result.

Machines are shared and noisy. Both sides of a comparison therefore run in turns in one go, the ratio is the median of
the ratios of neighbours, and processor time stands beside the clock: another program's load lengthens the clock's time
much more than the processor's.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from meshsight.execution.process import THREAD_VARIABLES, worker_environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a call took.

    Attributes:
        cpu_s: process time of this process and its ended children, in seconds.
        wall_s: time by the clock, in seconds.
    """

    cpu_s: float
    wall_s: float

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(cpu_s=self.cpu_s + other.cpu_s, wall_s=self.wall_s + other.wall_s)


def measure(call: Callable[[], object]) -> Cost:
    """Runs a call once and returns what it took."""
    cpu_s, wall_s = cpu_seconds(), time.perf_counter()
    call()
    return Cost(cpu_s=cpu_seconds() - cpu_s, wall_s=time.perf_counter() - wall_s)


def cpu_seconds() -> float:
    """Returns the process time so far of this process and its ended children, in seconds."""
    times = psutil.Process().cpu_times()
    return time.process_time() + times.children_user + times.children_system


def take_turns(rounds: int, *calls: Callable[[], object]) -> list[tuple[Cost, ...]]:
    """Measures every call once a round: A B, B A, A B, ... so that a slow minute strikes all alike."""
    measured: list[tuple[Cost, ...]] = []
    for number in range(rounds):
        order = range(len(calls)) if number % 2 == 0 else reversed(range(len(calls)))
        costs = {index: measure(calls[index]) for index in order}
        measured.append(tuple(costs[index] for index in range(len(calls))))
    return measured


def median_ratio(above: Sequence[float], below: Sequence[float]) -> float:
    """Returns the median of the ratios of values measured side by side."""
    return statistics.median(a / b for a, b in zip(above, below, strict=True))


def run_single_threaded() -> None:
    """Starts this script anew with one thread in every numerical library and in Mesa, as a worker process has it."""
    if any(os.environ.get(name) != "1" for name in THREAD_VARIABLES):
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], worker_environment(1))


def arguments(description: str) -> argparse.ArgumentParser:
    """Returns a parser with the options that all benchmarks take."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    return parser


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a figure is held to.

    Attributes:
        figure: its name among the figures.
        limit: the worst value allowed.
        is_least: whether the limit is the least value rather than the greatest.
    """

    figure: str
    limit: float
    is_least: bool = False

    def is_met(self, value: float) -> bool:
        """Tells whether a value is good enough."""
        return value >= self.limit if self.is_least else value <= self.limit

    def __str__(self) -> str:
        return f"{'>=' if self.is_least else '<='} {self.limit:g}"


def report(title: str, figures: dict[str, float | int | str | None], targets: Sequence[Target], as_json: bool) -> int:
    """Prints the figures with their targets, and returns the exit code: 1 when a target is missed."""
    missed = [target.figure for target in targets if not _is_met(target, figures)]
    figures = {**figures, "load_average_1min": round(os.getloadavg()[0], 2)}
    if as_json:
        sys.stdout.write(json.dumps({"benchmark": title, **figures, "missed": missed}) + "\n")
        return int(bool(missed))
    limits = {target.figure: target for target in targets}
    width = max(len(name) for name in figures)
    print(title)
    for name, value in figures.items():
        verdict = f"   (target {limits[name]}: {'missed' if name in missed else 'met'})" if name in limits else ""
        print(f"  {name:<{width}}  {_text(value)}{verdict}")
    return int(bool(missed))


def _is_met(target: Target, figures: dict[str, float | int | str | None]) -> bool:
    value = figures[target.figure]
    return isinstance(value, float | int) and target.is_met(value)


def _text(value: float | int | str | None) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def progress(text: str) -> None:
    """Says on stderr how far a benchmark is."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def scratch() -> Iterator[Path]:
    """Gives a folder that is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="meshsight-benchmark-") as folder:
        yield Path(folder)
