"""Which Blender to run: a program, or a Python that has the module `bpy`."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from meshsight.core.cache_folder import cache_folder
from meshsight.core.errors import CallError, MissingExtraError

BLENDER_VARIABLE = "MESHSIGHT_BLENDER"
DEFAULT_VERSION = "5.0.1"
LAST_OLDER = "4.5.15"
"""The last one before version 5 that is tested."""
COMPLETE = "complete.json"


def installed_folder(version: str) -> Path:
    """Returns where `meshsight blender install` puts a version of bpy."""
    return cache_folder() / "blender" / f"bpy-{version}"


def python_of(folder: Path) -> Path:
    """Returns the interpreter of a virtual environment."""
    return folder / "Scripts" / "python.exe" if sys.platform == "win32" else folder / "bin" / "python"


def find_blender(named: str | None) -> Path:
    """Returns the interpreter or program to run: the one named, else `$MESHSIGHT_BLENDER`, else an installed one.

    Raises:
        CallError: what was named is not there.
        MissingExtraError: there is none at all.
    """
    for given, source in ((named, "renderer.blender"), (os.environ.get(BLENDER_VARIABLE), BLENDER_VARIABLE)):
        if given:
            return _existing(Path(given).expanduser(), source)
    for _, python in installed_versions():
        return python
    raise MissingExtraError(
        "Blender is not installed: run `meshsight blender install`, or name a Blender program, or a Python that has "
        f"bpy, in {BLENDER_VARIABLE}"
    )


def installed_versions() -> list[tuple[tuple[int, ...], Path]]:
    """Returns version and interpreter of each bpy that `meshsight blender install` put here, the usual one first."""
    found: list[tuple[tuple[int, ...], Path]] = []
    for marker in installed_folder("*").parent.glob(f"bpy-*/{COMPLETE}"):
        version = marker.parent.name.removeprefix("bpy-")
        python = python_of(marker.parent)
        if python.exists() and all(part.isdigit() for part in version.split(".")):
            found.append((tuple(int(part) for part in version.split(".")), python))
    usual = tuple(int(part) for part in DEFAULT_VERSION.split("."))
    return sorted(found, key=lambda each: (each[0] == usual, each[0]), reverse=True)


def find_blender_before(major: int, named: str | None) -> Path:
    """Returns a Blender that still has what a version gave up: the one named, else an installed one that is older.

    Where none is older, it is the one that `find_blender` returns, which may be older, too.

    Raises:
        CallError, MissingExtraError: as `find_blender`.
    """
    older = [python for version, python in installed_versions() if version[0] < major]
    if older and not named:
        return older[0]
    try:
        return find_blender(named)
    except MissingExtraError as error:
        raise MissingExtraError(
            f"Blender is not installed, and what is wanted of it was given up with version {major}: run `meshsight "
            f"blender install --version {LAST_OLDER}`"
        ) from error


def _existing(path: Path, source: str) -> Path:
    if path.is_dir():
        path = python_of(path)
    if not path.is_file() or not os.access(path, os.X_OK):
        raise CallError(f"{source}: {path}: expected a Blender program, or a Python that has bpy; there is none")
    return path.absolute()


def is_python(blender: Path) -> bool:
    """Tells an interpreter from a Blender program, by its name."""
    return blender.name.lower().startswith(("python", "pypy"))


def command_for(blender: Path, script: Path, arguments: Sequence[str] = ()) -> list[str]:
    """Returns the command that runs a script in Blender, without the user's settings and the scripts of files."""
    if is_python(blender):
        return [str(blender), "-u", str(script), *arguments]
    flags = ["--background", "--factory-startup", "--disable-autoexec", "--python-exit-code", "1"]
    return [str(blender), *flags, "--python", str(script), "--", *arguments]
