"""A model whose named files cannot all be had, as a copy that can be read: names mended, a stand-in for the missing."""

import contextlib
import json
import shutil
import tempfile
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote

import numpy as np
from PIL import Image

from meshsight.assets.checks.glb import pack_glb
from meshsight.assets.checks.named_files import NamedFile
from meshsight.assets.formats.gltf_document import split_container

_PINK, _DARK = (255, 0, 200), (40, 40, 40)
_STAND_IN_PX, _SQUARE_PX = 64, 8


@contextlib.contextmanager
def readable_copy(path: Path, named: Sequence[NamedFile]) -> Generator[Path]:
    """Gives the model itself where its reader finds everything it needs, else a copy in a folder that vanishes.

    A texture that is missing or broken is a pink chequer there, a missing material library is empty.
    """
    if all(one.state == "there" or not one.is_needed for one in named):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="meshsight-") as folder:
        yield _stage(path, named, Path(folder))


def _stage(path: Path, named: Sequence[NamedFile], folder: Path) -> Path:
    """Copies what the reader needs under plain names, and writes those names into the files that name them."""
    plain = {one: _plain_name(index, one) for index, one in enumerate(named) if one.is_needed}
    for one, new_name in plain.items():
        if one.noun == "material library":
            text = "" if one.path is None else _renamed_lines(one.path, plain)
            (folder / new_name).write_text(text, encoding="utf-8")
        elif one.noun == "texture" and one.state in ("missing", "broken"):
            _write_stand_in(folder / new_name)
        elif one.path is not None:
            shutil.copyfile(one.path, folder / new_name)
    staged = folder / path.name
    if path.suffix.lower() == ".obj":
        staged.write_text(_renamed_lines(path, plain), encoding="utf-8")
    else:
        staged.write_bytes(_renamed_gltf(path, plain))
    return staged


def _plain_name(index: int, one: NamedFile) -> str:
    written = Path(one.name.replace("\\", "/")).suffix if one.path is None else one.path.suffix
    return f"{index}{'.png' if one.state in ('missing', 'broken') and one.noun == 'texture' else written}"


def _renamed_lines(path: Path, plain: Mapping[NamedFile, str]) -> str:
    lines = path.read_bytes().decode("utf-8", errors="replace").splitlines()
    for one, new_name in plain.items():
        if one.line is not None and one.owner.resolve() == path.resolve():
            lines[one.line - 1] = f"{lines[one.line - 1].split()[0]} {new_name}"
    return "\n".join(lines) + "\n"


def _renamed_gltf(path: Path, plain: Mapping[NamedFile, str]) -> bytes:
    renames = {one.name: new_name for one, new_name in plain.items()}
    tree, embedded = split_container(path.read_bytes())
    for entry in (*tree.get("images", []), *tree.get("buffers", [])):
        if "uri" in entry:
            entry["uri"] = renames.get(unquote(entry["uri"]), entry["uri"])
    if path.suffix.lower() == ".glb":
        return pack_glb(tree, embedded or b"")
    return json.dumps(tree).encode()


def _write_stand_in(path: Path) -> None:
    row, column = np.indices((_STAND_IN_PX, _STAND_IN_PX)) // _SQUARE_PX
    is_pink = (row + column) % 2 == 0
    Image.fromarray(np.where(is_pink[..., None], _PINK, _DARK).astype(np.uint8)).save(path)
