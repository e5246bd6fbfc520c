"""A verb as several processes that work together, on one machine, told of each other as torchrun tells them.

The first one talks. When one of them ends badly, the others are ended, too, and what it said last is shown.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from typing import BinaryIO, NoReturn

import click

RANK, WORLD_SIZE = "RANK", "WORLD_SIZE"
POLL_SECONDS = 0.1
GRACE_SECONDS = 30.0
"""Time to end in good order after a neighbour ended badly."""
LAST_BYTES = 4000


def is_first_process() -> bool:
    """Whether this process is alone or the first of several."""
    return os.environ.get(RANK, "0") == "0"


def run_as_several(context: click.Context, parameter: click.Parameter, count: int) -> int:
    """Starts this command line anew as `count` processes and ends with their exit code; a callback of an option.

    Within one of the several, started here or by torchrun, it does nothing.
    """
    if count < 1:
        raise click.BadParameter("expected at least 1", context, parameter)
    if count > 1 and WORLD_SIZE not in os.environ:
        _become_several(sys.orig_argv[1:], count)
    return count


def _become_several(arguments: Sequence[str], count: int) -> NoReturn:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with contextlib.ExitStack() as open_files:
        said = [open_files.enter_context(tempfile.TemporaryFile()) for _ in range(count - 1)]
        sys.exit(_watch(_start(arguments, count, port, said), said))


def _start(arguments: Sequence[str], count: int, port: int, said: Sequence[BinaryIO]) -> list[subprocess.Popen[bytes]]:
    shared = {**os.environ, WORLD_SIZE: str(count), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    processes = [
        subprocess.Popen(
            [sys.executable, *arguments],
            env={**shared, RANK: str(rank), "LOCAL_RANK": str(rank)},
            stdout=None if rank == 0 else subprocess.DEVNULL,
            stderr=None if rank == 0 else said[rank - 1],
        )
        for rank in range(count)
    ]
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _: _send(processes, received))
    return processes


def _watch(processes: Sequence[subprocess.Popen[bytes]], said: Sequence[BinaryIO]) -> int:
    """Waits for all; returns the exit code of the first that ended badly, or 0."""
    bad: int | None = None
    deadline = float("inf")
    while any(process.poll() is None for process in processes):
        if bad is None:
            bad = next((rank for rank, process in enumerate(processes) if process.returncode), None)
            if bad is not None:
                deadline = time.monotonic() + GRACE_SECONDS
                _send(processes, signal.SIGTERM)
        if time.monotonic() > deadline:
            _send(processes, signal.SIGKILL)
        time.sleep(POLL_SECONDS)
    codes = [process.returncode for process in processes]
    bad = bad if bad is not None else next((rank for rank, code in enumerate(codes) if code), None)
    if bad is None:
        return 0
    if bad > 0 and codes[0] <= 0:
        _tell(bad, codes[bad], said[bad - 1])
    return codes[bad] if codes[bad] > 0 else 1


def _tell(rank: int, code: int, said: BinaryIO) -> None:
    said.seek(max(0, said.seek(0, os.SEEK_END) - LAST_BYTES))
    last = said.read().decode(errors="replace").strip()
    how = f"was killed by signal {-code}" if code < 0 else f"ended with {code}"
    click.echo(f"error: process {rank} {how}, and the others with it. {last}".rstrip(), err=True)


def _send(processes: Sequence[subprocess.Popen[bytes]], number: int) -> None:
    for process in processes:
        if process.poll() is None:
            process.send_signal(number)
