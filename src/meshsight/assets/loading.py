"""Mesh files -> `Mesh`: read by format, checked, turned to metres and z up, given normals and a fingerprint."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from meshsight.assets.axes import Frame, resolve_frame
from meshsight.assets.fingerprint import fingerprint_parts
from meshsight.assets.formats import gltf, obj, ply, stl
from meshsight.assets.normals import smooth_normals, split_at_creases, unit_rows, weld
from meshsight.assets.places import MESH_SUFFIXES
from meshsight.assets.raw_part import RawPart
from meshsight.assets.texture_files import MAX_TEXTURE_PX
from meshsight.core.errors import AssetError
from meshsight.records.mesh import Material, Mesh, MeshPart
from meshsight.specs.mesh_import import MeshImport

Reader = Callable[[Path, int], list[RawPart]]

_READERS: dict[str, Reader] = {
    ".glb": gltf.read,
    ".gltf": gltf.read,
    ".obj": obj.read,
    ".ply": ply.read,
    ".stl": stl.read,
}

_log = logging.getLogger(__name__)


def load_mesh(path: Path, wanted: MeshImport, *, max_texture_px: int = MAX_TEXTURE_PX) -> Mesh:
    """Loads a mesh file in metres, z up; what the file does not say about unit and axis is guessed with a warning.

    Args:
        path: an .obj, .glb, .gltf, .ply or .stl file.
        wanted: unit and up axis.
        max_texture_px: longest side to which larger textures are averaged down.

    Raises:
        AssetError: another format; a file that is cut short, has no faces or broken vertices, or names what is missing.
    """
    return finish_mesh(path, read_parts(path, max_texture_px), wanted)


def read_parts(path: Path, max_texture_px: int) -> list[RawPart]:
    """Reads a mesh file as it is: in its own unit and axes, and with whatever is wrong with its numbers.

    Raises:
        AssetError: another format, a file that is cut short or has no faces, or one that names what is missing.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise AssetError(f"{path}: '{path.suffix}' is no mesh format we read; supported: {', '.join(MESH_SUFFIXES)}")
    return reader(path, max_texture_px)


def finish_mesh(path: Path, raw_parts: Sequence[RawPart], wanted: MeshImport) -> Mesh:
    """Turns parts as they were read into a mesh in metres, z up.

    Raises:
        AssetError: vertices are broken or all in one point.
    """
    for part in raw_parts:
        _check(path, part)
    referenced = np.concatenate([part.vertices[np.unique(part.faces)] for part in raw_parts])
    if not np.ptp(referenced, axis=0).any():
        raise AssetError(f"{path}: all its vertices lie in one point; export it anew")
    frame = resolve_frame(path, referenced, wanted)
    parts = tuple(_finish(path, part, frame) for part in raw_parts)
    return Mesh(name=path.stem, fingerprint=fingerprint_parts(parts), parts=parts)


def _check(path: Path, part: RawPart) -> None:
    broken = np.flatnonzero(~np.isfinite(part.vertices).all(axis=1))
    if len(broken) > 0:
        raise AssetError(
            f"{path}: {len(broken)} of {len(part.vertices)} vertices are NaN or infinite (first: vertex {broken[0]}); "
            "repair or export it anew"
        )
    if part.uv is not None and not np.isfinite(part.uv).all():
        raise AssetError(f"{path}: has NaN or infinite texture coordinates; repair or export it anew")


def _finish(path: Path, part: RawPart, frame: Frame) -> MeshPart:
    vertices = frame.metres_per_unit * part.vertices @ frame.rotation.T
    normals = None if part.normals is None else part.normals @ frame.rotation.T
    source, faces, new_normals = _with_normals(vertices, part, normals)
    uv, material = _textured(path, part)
    colors = part.vertex_colors
    return MeshPart(
        vertices=vertices[source].astype(np.float32),
        faces=faces.astype(np.int32),
        normals=new_normals.astype(np.float32),
        uv=None if uv is None else uv[source].astype(np.float32),
        vertex_colors=None if colors is None else colors[source].astype(np.float32),
        material=material,
    )


def _with_normals(
    vertices: np.ndarray, part: RawPart, normals: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns which vertices to take, the faces between them, and their normals; unused vertices are left out.

    Normals of the file are kept; single ones without a direction, and all where there are none, are made.
    """
    if normals is None:
        first, faces = np.arange(len(vertices)), part.faces
        if part.uv is None and part.vertex_colors is None:  # nothing but the place tells vertices apart
            _, first, index = np.unique(weld(vertices), return_index=True, return_inverse=True)
            faces = index[part.faces]
        split = split_at_creases(vertices[first], faces)
        return first[split.source], split.faces, split.normals
    used, faces = np.unique(part.faces, return_inverse=True)
    faces = faces.reshape(-1, 3)
    kept = np.nan_to_num(normals[used])
    is_bad = np.linalg.norm(kept, axis=1) < 1e-6
    if is_bad.any():
        kept[is_bad] = smooth_normals(vertices[used], faces)[is_bad]
    return used, faces, unit_rows(kept)


def _textured(path: Path, part: RawPart) -> tuple[np.ndarray | None, Material]:
    """Returns uv and material; a texture without coordinates cannot be shown, which is said."""
    material = part.material
    has_texture = material.base_color_texture is not None or material.metallic_roughness_texture is not None
    if not has_texture or part.uv is not None:
        return part.uv, material
    _log.warning("%s: has a texture but no texture coordinates (uv); its plain colour is shown", path)
    return None, replace(material, base_color_texture=None, metallic_roughness_texture=None)
