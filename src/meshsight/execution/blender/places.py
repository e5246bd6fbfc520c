"""Which Blender to run: a program, or a Python that has the module `bpy`."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from meshsight.core.cache_folder import cache_folder
from meshsight.core.errors import CallError, MissingExtraError

BLENDER_VARIABLE = "MESHSIGHT_BLENDER"
DEFAULT_VERSION = "5.0.1"
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
    installed = sorted(installed_folder("*").parent.glob(f"bpy-*/{COMPLETE}"), reverse=True)
    preferred = installed_folder(DEFAULT_VERSION) / COMPLETE
    for marker in (preferred, *installed):
        if marker.is_file() and python_of(marker.parent).exists():
            return python_of(marker.parent)
    raise MissingExtraError(
        "Blender is not installed: run `meshsight blender install`, or name a Blender program, or a Python that has "
        f"bpy, in {BLENDER_VARIABLE}"
    )


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
