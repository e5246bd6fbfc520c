"""OBJ with its MTL files."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from meshsight.assets.formats.geometry import Geometry, parse_geometry, read_bytes
from meshsight.assets.formats.mtl import read_materials
from meshsight.assets.formats.ply import colored_part
from meshsight.assets.places import find_neighbour
from meshsight.assets.raw_part import RawPart
from meshsight.core.errors import AssetError
from meshsight.records.mesh import Material

_STUB = "names.mtl"
_REMEDY = "remove the mtllib and usemtl lines to go on without materials"


def read(path: Path, max_texture_px: int) -> list[RawPart]:
    """Reads an OBJ file; each material becomes a part.

    Raises:
        AssetError: the file is cut short or has no faces; a material library, material or texture is missing.
    """
    text = read_bytes(path).decode("utf-8", errors="replace")
    materials = _materials(path, text, max_texture_px)
    # trimesh splits the faces by material, and needs only the names for it.
    stub = "\n".join(f"newmtl {name}" for name in materials).encode()
    geometries = parse_geometry(path, f"mtllib {_STUB}\n{text}".encode(), "obj", {_STUB: stub})
    return [_part(geometry, materials) for geometry in geometries]


def _materials(path: Path, text: str, max_texture_px: int) -> Mapping[str, Material]:
    known: dict[str, Material] = {}
    for match in re.finditer(r"^\s*mtllib[ \t]+(.*?)\s*$", text, re.MULTILINE):
        line = text.count("\n", 0, match.start(1)) + 1
        library = find_neighbour(match[1], path, f"{path}, line {line}", _REMEDY)
        known |= read_materials(library, max_texture_px)
    used = {" ".join(match[1].split()) for match in re.finditer(r"^\s*usemtl[ \t]+(.*?)\s*$", text, re.MULTILINE)}
    unknown = sorted(used - set(known))
    if known and unknown:
        raise AssetError(
            f"{path}: uses material '{unknown[0]}', which its mtllib does not define (but {', '.join(sorted(known))}). "
            f"Correct the name, or {_REMEDY}"
        )
    return {name: known.get(name, Material(name=name)) for name in sorted(used)}


def _part(geometry: Geometry, materials: Mapping[str, Material]) -> RawPart:
    visual: Any = geometry.mesh.visual
    if visual.kind != "texture":
        return colored_part(geometry)
    name = visual.material.name
    uv = visual.uv
    return RawPart(
        vertices=geometry.vertices,
        faces=geometry.faces,
        normals=geometry.normals,
        uv=None if uv is None else np.asarray(uv, dtype=np.float64),
        material=materials.get(name, Material()),
    )
