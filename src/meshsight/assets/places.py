"""Finding files: where a reference points, what it may have meant, and which files a folder holds."""

from collections.abc import Sequence
from pathlib import Path

from meshsight.assets.environment_files import ENVIRONMENT_SUFFIXES
from meshsight.core.errors import AssetError
from meshsight.core.images import IMAGE_SUFFIXES
from meshsight.core.kinds import did_you_mean

MESH_SUFFIXES = (".obj", ".glb", ".gltf", ".ply", ".stl")
FOREIGN_SUFFIXES = (".fbx", ".usd", ".usda", ".usdc", ".usdz", ".dae", ".blend")
"""Mesh files that Blender reads for us."""


def find_file(ref: str, root: Path, noun: str) -> Path:
    """Returns the file that a recipe names, relative to `root` or absolute.

    Raises:
        AssetError: there is none; the message says where it was looked for and which file of that folder is nearest.
    """
    path = root / ref
    if path.is_file():
        return path
    if path.is_dir():
        raise AssetError(f"'{ref}': {path} is a folder, expected a {noun}; name one file in it")
    folder = path.parent
    if not folder.is_dir():
        raise AssetError(f"'{ref}': no such {noun} (looked in {folder.absolute()}, which does not exist either)")
    hint = _spelling_hint(path.name, sorted(entry.name for entry in folder.iterdir() if entry.is_file()))
    advice = hint or "; give a path relative to the recipe, or an absolute one"
    raise AssetError(f"'{ref}': no such {noun} (looked in {folder.absolute()}){advice}")


def find_neighbour(name: str, owner: Path, where: str, remedy: str) -> Path:
    """Returns a file that a model names, which must lie in the folder of the model or below.

    Args:
        name: the name as written in the model.
        owner: the file that names it.
        where: what the message calls that place, such as "mug.mtl, line 7".
        remedy: what else the user can do if the file cannot be had.

    Raises:
        AssetError: the name leads out of the folder (by `..`, an absolute path or a link), or there is no such file.
    """
    folder = owner.parent.resolve()
    path = (folder / name.replace("\\", "/")).resolve()
    if not path.is_relative_to(folder):
        raise AssetError(f"{where}: refers to '{name}', which lies outside {folder}. Put the file beside the model")
    if path.is_file() and _is_spelt_so(path):
        return path
    entries = sorted(entry.name for entry in path.parent.iterdir()) if path.parent.is_dir() else []
    hint = _spelling_hint(path.name, entries)
    raise AssetError(f"{where}: refers to '{name}', which is not in {folder}{hint}. Put the file there, or {remedy}")


def _is_spelt_so(path: Path) -> bool:
    """Tells whether the file's name has the same case on disk, which some systems do not mind but others do."""
    return path.name in (entry.name for entry in path.parent.iterdir())


def _spelling_hint(name: str, entries: Sequence[str]) -> str:
    same = [entry for entry in entries if entry.casefold() == name.casefold()]
    return f"; did you mean '{same[0]}'?" if same else did_you_mean(name, entries)


def folder_meshes(folder: Path) -> tuple[str, ...]:
    """Lists the mesh files of a folder and all below it, as sorted paths relative to it.

    Raises:
        AssetError: no such folder, or no mesh in it.
    """
    return _list_files(folder, MESH_SUFFIXES, "mesh files")


def folder_images(folder: Path) -> tuple[str, ...]:
    """Lists the picture files of a folder and all below it, as sorted paths relative to it.

    Raises:
        AssetError: no such folder, or no picture in it.
    """
    return _list_files(folder, IMAGE_SUFFIXES, "pictures")


def folder_environments(folder: Path) -> tuple[str, ...]:
    """Lists the environment maps of a folder and all below it, as sorted paths relative to it.

    Raises:
        AssetError: no such folder, or no environment map in it.
    """
    return _list_files(folder, ENVIRONMENT_SUFFIXES, "environment maps")


def _list_files(folder: Path, suffixes: Sequence[str], noun: str) -> tuple[str, ...]:
    if not folder.is_dir():
        raise AssetError(f"{folder}: no such folder; expected one with {noun}")
    paths = (p for p in folder.rglob("*") if p.suffix.lower() in suffixes and p.is_file())
    names = sorted(p.relative_to(folder).as_posix() for p in paths)
    if not names:
        raise AssetError(f"{folder}: no {noun} in it or below; expected files ending in {', '.join(suffixes)}")
    return tuple(names)
