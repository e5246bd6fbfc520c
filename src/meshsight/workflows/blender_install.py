"""`meshsight blender install`: Blender as the Python module bpy, in an environment of its own under the cache folder.

bpy needs Python 3.11 and an old numpy and is under the GPL, so it never shares an environment or a process with us.
"""

import logging
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from meshsight.core.errors import CallError, ExecutionError, StorageError
from meshsight.core.files import write_json
from meshsight.datasets.fetching.download import WAIT_S
from meshsight.execution.blender.libraries import library_advice
from meshsight.execution.blender.places import COMPLETE, DEFAULT_VERSION, installed_folder, python_of
from meshsight.workflows.blender_wheel import fetch_wheel, find_wheel

VERSIONS = ("5.0.1", "4.5.15", "4.2.23")
DOWNLOAD_MB, DISK_MB = 375, 1000
# The wheel, pip's copy of it and what it holds, all at once.
NEEDED_BYTES = 1800 << 20
PYTHON = "python3.11"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """An environment that has bpy.

    Attributes:
        version: of Blender.
        python: its interpreter.
        was_there: nothing had to be done.
    """

    version: str
    python: Path
    was_there: bool


def install_blender(version: str = DEFAULT_VERSION, *, progress: bool = True, wait_s: float = WAIT_S) -> Installed:
    """Installs bpy; what was begun is gone on with, what is complete is left alone.

    Args:
        version: of Blender, as in "5.0.1".
        progress: show how much is there.
        wait_s: before the second attempt after a broken connection; doubled before each further one.

    Raises:
        CallError: there is no Python 3.11.
        StorageError: the disk is too full.
        ExecutionError: it cannot be downloaded, or pip cannot install it.
    """
    folder = installed_folder(version)
    python = python_of(folder)
    if (folder / COMPLETE).is_file() and python.exists():
        log.info("%s: already complete", folder)
        return Installed(version=version, python=python, was_there=True)
    maker = find_python()
    _check_disk(folder)
    log.info("bpy %s: %d MB to download, %d MB on disk, in %s", version, DOWNLOAD_MB, DISK_MB, folder)
    if not python.exists():
        _run([maker, "-m", "venv", str(folder)], "cannot make an environment")
    wheel = find_wheel(python, version)
    path = None if wheel is None else fetch_wheel(wheel, folder.parent, progress=progress, wait_s=wait_s)
    # pip keeps whole downloads in its cache, and skips what is installed.
    bar = "on" if progress else "off"
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--progress-bar", bar]
    _run([*pip, f"bpy=={version}" if path is None else str(path)], f"cannot install bpy {version}")
    found = subprocess.run(
        [str(python), "-c", "import bpy; print(bpy.app.version_string)"], capture_output=True, text=True, check=False
    )
    if found.returncode != 0:
        words = " ".join(found.stderr.split())
        raise ExecutionError(f"bpy {version} is installed but cannot start.{library_advice(words) or ' ' + words}")
    write_json(folder / COMPLETE, {"version": version})
    if path is not None:
        path.unlink()
    return Installed(version=version, python=python, was_there=False)


def find_python() -> str:
    """Returns a Python 3.11.

    Raises:
        CallError: there is none.
    """
    if sys.version_info[:2] == (3, 11):
        return sys.executable
    found = shutil.which(PYTHON)
    if found is None:
        raise CallError(
            f"bpy needs Python 3.11, and there is no `{PYTHON}` here: install it (with its venv module), or name an "
            "installed Blender program in MESHSIGHT_BLENDER"
        )
    return found


def _check_disk(folder: Path) -> None:
    place = next(parent for parent in folder.parents if parent.exists())
    free = shutil.disk_usage(place).free
    if free < NEEDED_BYTES:
        raise StorageError(
            f"{place}: {free >> 20} MB free, installing takes {NEEDED_BYTES >> 20} MB. Free space, or name another "
            "folder in MESHSIGHT_CACHE."
        )


def _run(command: list[str], what: str) -> None:
    """Runs a command whose output goes to stderr as it comes, and ends with its last error as one line."""
    lines: list[str] = []
    with subprocess.Popen(command, stdout=sys.stderr, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            log.debug("%s", line.rstrip())
            lines.append(" ".join(line.split()))
    if process.returncode != 0:
        errors = [line for line in lines if line.startswith("ERROR")] or lines[-1:]
        raise ExecutionError(f"{what}: {' '.join(errors) or f'exit code {process.returncode}'}. Run it again to go on.")
