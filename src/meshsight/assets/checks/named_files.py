"""The files that a model names (material libraries, textures, buffers): which are there, and which were meant."""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote

from PIL import Image, UnidentifiedImageError

from meshsight.assets.formats.gltf_document import split_container
from meshsight.assets.formats.mtl import texture_name

Noun = Literal["material library", "texture", "buffer"]
State = Literal["there", "misspelt", "missing", "broken"]

NEEDED_MAPS = ("map_kd", "map_pr", "map_pm")
_MAP_LINE = re.compile(r"^\s*(map_\w+|bump|disp|norm|refl)[ \t]+(.*?)\s*$", re.IGNORECASE)
_LIBRARY_LINE = re.compile(r"^\s*mtllib[ \t]+(.*?)\s*$")
_SHOWN_SLOTS = ("baseColorTexture", "metallicRoughnessTexture")
_OTHER_SLOTS = ("normalTexture", "occlusionTexture", "emissiveTexture")


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedFile:
    """One place where a model names another file.

    Attributes:
        owner: the file that names it, and `line` the line there, or None.
        name: as it is written.
        noun: what it is.
        state: `there`; `misspelt`, when a file beside the model differs only in case or folder; `missing`; or `broken`,
            a picture that cannot be decoded.
        path: the file that is meant, or None when it is missing.
        is_needed: pictures show it, so that the model cannot be read without.
    """

    owner: Path
    line: int | None
    name: str
    noun: Noun
    state: State
    path: Path | None
    is_needed: bool = True

    @property
    def where(self) -> str:
        """The place in words: "mug.mtl, line 7"."""
        return self.owner.name if self.line is None else f"{self.owner.name}, line {self.line}"


def named_files(path: Path) -> tuple[NamedFile, ...]:
    """Lists the files that an OBJ or glTF model names; other formats, and files that are no model, name none."""
    suffix = path.suffix.lower()
    if suffix == ".obj":
        return tuple(_of_obj(path))
    if suffix in (".gltf", ".glb"):
        return tuple(_of_gltf(path))
    return ()


def _of_obj(path: Path) -> Iterator[NamedFile]:
    for number, line in enumerate(_lines(path), start=1):
        match = _LIBRARY_LINE.match(line)
        if match is None:
            continue
        library = _find(match[1], owner=path, line=number, noun="material library")
        yield library
        if library.path is not None:
            yield from _of_mtl(library.path)


def _of_mtl(path: Path) -> Iterator[NamedFile]:
    for number, line in enumerate(_lines(path), start=1):
        match = _MAP_LINE.match(line.split("#")[0])
        if match is not None:
            is_needed = match[1].lower() in NEEDED_MAPS
            name = texture_name(match[2].split())
            yield _find(name, owner=path, line=number, noun="texture", is_needed=is_needed)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_bytes().decode("utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _of_gltf(path: Path) -> Iterator[NamedFile]:
    try:
        tree, _ = split_container(path.read_bytes())
        images, buffers = tree.get("images", []), tree.get("buffers", [])
        shown, used = _image_uses(tree)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, struct.error):
        return  # the reader says in one line what is wrong with such a file
    for index, image in enumerate(images):
        if index in used and _is_file(image.get("uri")):
            is_needed = index in shown
            yield _find(unquote(image["uri"]), owner=path, line=None, noun="texture", is_needed=is_needed)
    for entry in buffers:
        if _is_file(entry.get("uri")):
            yield _find(unquote(entry["uri"]), owner=path, line=None, noun="buffer")


def _is_file(uri: str | None) -> bool:
    return uri is not None and not uri.startswith("data:")


def _image_uses(tree: dict[str, Any]) -> tuple[set[int], set[int]]:
    """Returns the images that are shown, and all that any material uses."""
    shown: set[int] = set()
    used: set[int] = set()
    for material in tree.get("materials", []):
        pbr = material.get("pbrMetallicRoughness", {})
        slots = [(pbr.get(slot), True) for slot in _SHOWN_SLOTS] + [(material.get(s), False) for s in _OTHER_SLOTS]
        for reference, is_shown in slots:
            source = None if reference is None else tree["textures"][reference["index"]].get("source")
            if source is not None:
                used.add(source)
                shown |= {source} if is_shown else set()
    return shown, used


def maps_left_out(path: Path) -> tuple[str, ...]:
    """Names the kinds of texture of a glTF model that a repaired copy would not carry."""
    if path.suffix.lower() not in (".gltf", ".glb"):
        return ()
    tree, _ = split_container(path.read_bytes())
    return tuple(slot for slot in _OTHER_SLOTS if any(slot in material for material in tree.get("materials", [])))


def _find(name: str, *, owner: Path, line: int | None, noun: Noun, is_needed: bool = True) -> NamedFile:
    path, state = _meant(name, owner.parent.resolve())
    if noun == "texture" and path is not None and not _is_picture(path):
        state = "broken"
    return NamedFile(owner=owner, line=line, name=name, noun=noun, state=state, path=path, is_needed=is_needed)


def _meant(name: str, folder: Path) -> tuple[Path | None, State]:
    """Looks for a file as it is written, then in other case, then by its last name alone in the folder and those in it.

    A file outside the folder is never looked at: a model is not to say which files of this machine are read.
    """
    written = name.replace("\\", "/").replace("\0", "")
    exact = (folder / written).resolve()
    if exact.is_relative_to(folder) and exact.is_file() and exact.name in (one.name for one in exact.parent.iterdir()):
        return exact, "there"
    found = _in_any_case(folder, written.split("/")) or _by_last_name(folder, written.rsplit("/", 1)[-1])
    is_inside = found is not None and found.resolve().is_relative_to(folder)
    return (found, "misspelt") if is_inside else (None, "missing")


def _in_any_case(folder: Path, steps: list[str]) -> Path | None:
    here = folder
    for step in steps:
        if step == "..":
            return None
        if step in ("", "."):
            continue
        matches = [entry for entry in sorted(here.iterdir()) if entry.name.casefold() == step.casefold()]
        if not matches or not (matches[0].is_dir() or step == steps[-1]):
            return None
        here = matches[0]
    return here if here.is_file() else None


def _by_last_name(folder: Path, name: str) -> Path | None:
    for place in (folder, *sorted(entry for entry in folder.iterdir() if entry.is_dir())):
        try:
            entries = sorted(place.iterdir())
        except PermissionError:
            continue
        for entry in entries:
            if entry.name.casefold() == name.casefold() and entry.is_file():
                return entry
    return None


def _is_picture(path: Path) -> bool:
    try:
        with Image.open(path) as image:
            image.load()
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError):
        return False
    return True
