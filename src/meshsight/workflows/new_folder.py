"""A folder that appears whole or not at all: it is made under a hidden name beside its place, then renamed."""

import contextlib
import glob
import logging
import platform
import shutil
import zlib
from collections.abc import Generator
from pathlib import Path

import psutil

from meshsight.core.errors import CallError, StorageError
from meshsight.execution.termination import sigterm_raises

_SAME_START_S = 2.0  # the start of a process is known to the clock tick, but the clock may be corrected

log = logging.getLogger(__name__)


@contextlib.contextmanager
def new_folder(out: Path) -> Generator[Path]:
    """Gives a hidden folder to fill, which becomes `out` at the end, or vanishes when anything goes wrong.

    What a killed process left is removed by the next call for the same folder.

    Raises:
        CallError: there is something at `out` already.
        StorageError: the disk is full or the place cannot be written.
    """
    out = out.resolve()
    require_free(out)
    _remove_leftovers(out)
    work = out.with_name(_work_name(out.name, psutil.Process()))
    try:
        work.mkdir(parents=True)
        with sigterm_raises():
            yield work
            work.replace(out)
    except OSError as error:
        raise StorageError(
            f"{out}: cannot be written: {error.strerror or error}. Free space or name another folder; nothing is left."
        ) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def require_free(out: Path) -> None:
    """Refuses a place where something is already.

    Raises:
        CallError: a file, or a folder that is not empty.
    """
    if out.is_dir() and not any(out.iterdir()):
        return
    if out.exists() or out.is_symlink():
        what = "not empty" if out.is_dir() else "a file"
        raise CallError(f"{out}: {what}. Name another folder, or remove this one.")


def _work_name(name: str, process: psutil.Process) -> str:
    return f".{name}.partial-{_machine()}-{process.pid}-{round(process.create_time() * 1000)}"


def _machine() -> str:
    return f"{zlib.crc32(platform.node().encode()):08x}"


def _remove_leftovers(out: Path) -> None:
    for path in out.parent.glob(f".{glob.escape(out.name)}.partial-*"):
        machine, pid, started_ms = path.name.rpartition(".partial-")[2].split("-")
        if machine != _machine():
            log.warning("%s: left by another machine; remove it if nothing runs there", path)
        elif not _runs(int(pid), int(started_ms) / 1000):
            log.info("%s: removed what a killed process left", path)
            shutil.rmtree(path, ignore_errors=True)


def _runs(pid: int, started_s: float) -> bool:
    try:
        process = psutil.Process(pid)
        is_same = abs(process.create_time() - started_s) < _SAME_START_S
        return is_same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
