"""The environment maps that come with Blender (Poly Haven, CC0), by name: `blender:courtyard`.

They are compressed as few libraries read, so Blender itself reads them, once; what it read is kept under the cache
folder.
"""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from meshsight.core.cache_folder import cache_folder
from meshsight.core.errors import AssetError, RenderError
from meshsight.core.files import sha256_of_file, write_bytes
from meshsight.core.kinds import did_you_mean
from meshsight.execution.blender.places import command_for, find_blender
from meshsight.execution.blender.process import BlenderDied, BlenderProcess
from meshsight.workflows.assets_import import SCRIPT, STALL_SECONDS

PREFIX = "blender"
FOLDER = Path("datafiles") / "studiolights" / "world"


def blender_environment(name: str) -> Path:
    """Returns a map that the Blender of the moment brings, as an array file.

    Raises:
        AssetError: it has none of that name.
        MissingExtraError: there is no Blender.
    """
    blender = find_blender(None)
    found = {path.stem: path for folder in _folders(blender) for path in sorted(folder.glob("*.exr"))}
    if name not in found:
        hint = did_you_mean(name, found) or f"; there are: {', '.join(sorted(found)) or 'none'}"
        raise AssetError(f"'{PREFIX}:{name}': Blender has no such environment{hint}")
    kept = cache_folder() / "imported" / f"{name}-{sha256_of_file(found[name])[:20]}.npy"
    if not kept.is_file():
        data = io.BytesIO()
        np.save(data, _read(blender, found[name]))
        write_bytes(kept, data.getvalue())
    return kept


def _read(blender: Path, path: Path) -> np.ndarray:
    """Returns the values of a picture, by Blender's own libraries."""
    try:
        process = BlenderProcess(command_for(blender, SCRIPT), stall_seconds=STALL_SECONDS)
        try:
            values = process.call({"command": "picture", "source": str(path)}).arrays["radiance"]
            return np.maximum(values, 0.0)  # their compression rings a little below 0
        finally:
            process.kill()
    except (BlenderDied, RenderError) as error:
        raise AssetError(f"{path}: cannot be read ({error})") from error


def _folders(blender: Path) -> Iterator[Path]:
    """Yields where a Blender keeps its maps: beside the program, or in the package bpy of an environment."""
    yield from sorted(blender.resolve().parent.glob(f"*/{FOLDER}"))
    for packages in ("lib/python*/site-packages", "Lib/site-packages"):
        yield from sorted(blender.parents[1].glob(f"{packages}/bpy/*/{FOLDER}"))
