"""`meshsight assets import`: FBX, USD, Collada and .blend turned into GLB by Blender, in its own process.

A recipe may name such a file, too: `converted` turns it once and keeps the result under the cache folder by what the
file holds.
"""

import logging
import tempfile
from dataclasses import dataclass
from pathlib import Path

from meshsight.assets.places import FOREIGN_SUFFIXES
from meshsight.core.cache_folder import cache_folder
from meshsight.core.errors import AssetError, CallError, RenderError
from meshsight.core.files import sha256_of_file, write_bytes
from meshsight.execution.blender.places import command_for, find_blender, find_blender_before
from meshsight.execution.blender.process import BlenderDied, BlenderProcess
from meshsight.render.renderers import cycles

SCRIPT = Path(cycles.__file__).parents[1] / "blender" / "import_file.py"
STALL_SECONDS = 600.0
GIVEN_UP = {".dae": 5}
"""From which version of Blender on a file is not read any more."""
# Raised whenever the same file would give another GLB.
RULES = 1

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """A file that became GLB.

    Attributes:
        source, path: the file, and the GLB.
        num_meshes, num_triangles, num_materials: what is in it.
        notes: what had to be left out.
        blender: version that read it.
    """

    source: Path
    path: Path
    num_meshes: int
    num_triangles: int
    num_materials: int
    notes: tuple[str, ...]
    blender: str


def import_asset(source: Path, out: Path | None = None, *, blender: str | None = None) -> Imported:
    """Turns a file into GLB: metres, materials, upright; nothing that the file holds is run.

    Args:
        source: an FBX, USD, Collada or .blend file.
        out: the GLB; None puts it beside the file.
        blender: a Blender program or a Python that has bpy; None looks for one.

    Raises:
        CallError: not such a file, or not such a result.
        AssetError: Blender cannot read it, or there are no meshes in it.
        MissingExtraError: there is no Blender.
    """
    suffixes = ", ".join(FOREIGN_SUFFIXES)
    if source.suffix.lower() not in FOREIGN_SUFFIXES:
        raise CallError(f"{source}: expected one of {suffixes}; OBJ, GLB, PLY and STL need no import")
    if not source.is_file():
        raise AssetError(f"{source}: no such file")
    out = source.with_suffix(".glb") if out is None else out
    if out.suffix.lower() != ".glb":
        raise CallError(f"{out}: expected a name ending in .glb")
    gave_up = GIVEN_UP.get(source.suffix.lower())
    program = find_blender(blender) if gave_up is None else find_blender_before(gave_up, blender)
    command = command_for(program, SCRIPT)
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "made.glb"
        try:
            process = BlenderProcess(command, stall_seconds=STALL_SECONDS)
            try:
                request = {"command": "convert", "source": str(source.absolute()), "out": str(made)}
                answer = process.call(request).message
            finally:
                process.kill()
        except BlenderDied as death:
            raise AssetError(f"{source}: Blender died of it ({death.cause}); export it anew as glTF") from death
        except RenderError as error:
            raise AssetError(f"{source}: {str(error).removeprefix('Blender: ')}") from error
        write_bytes(out, made.read_bytes())
    for note in answer["notes"]:
        log.warning("%s: %s", source, note)
    return Imported(
        source=source,
        path=out,
        num_meshes=int(answer["num_meshes"]),
        num_triangles=int(answer["num_triangles"]),
        num_materials=int(answer["num_materials"]),
        notes=tuple(answer["notes"]),
        blender=str(answer["version"]),
    )


def converted(source: Path) -> Path:
    """Returns the GLB of a file, made now or found under the cache folder by the file's checksum.

    Raises:
        AssetError, MissingExtraError: as `import_asset`.
    """
    name = f"{source.stem}-{sha256_of_file(source)[:20]}-{RULES}.glb"
    path = cache_folder() / "imported" / name
    if not path.is_file():
        log.info("%s: importing with Blender", source)
        import_asset(source, path)
    return path
