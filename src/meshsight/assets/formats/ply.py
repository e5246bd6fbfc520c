"""PLY: triangles, with colours of vertices or faces."""

import re
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from meshsight.assets.color import srgb_to_linear
from meshsight.assets.formats.geometry import Geometry, parse_geometry, read_bytes
from meshsight.assets.raw_part import RawPart
from meshsight.core.errors import AssetError
from meshsight.records.mesh import Material

_HEADER_BYTES = 4096
_COLORED = Material(base_color=(1.0, 1.0, 1.0))


def read(path: Path, max_texture_px: int) -> list[RawPart]:
    """Reads an ASCII or binary PLY file; its 8-bit colours are taken as sRGB.

    Raises:
        AssetError: the file is cut short or has no faces.
    """
    data = read_bytes(path)
    geometries = parse_geometry(path, data, "ply", {})
    promised = re.search(rb"element face (\d+)", data[:_HEADER_BYTES])
    found = sum(len(geometry.faces) for geometry in geometries)
    if promised is not None and found < int(promised[1]):
        raise AssetError(
            f"{path}: {found:,} faces where its header says {int(promised[1]):,}: it is cut short; export it anew"
        )
    return [colored_part(geometry) for geometry in geometries]


def colored_part(geometry: Geometry) -> RawPart:
    """Returns a part with the colours of the file's vertices or, doubling vertices, of its faces."""
    visual: Any = geometry.mesh.visual
    vertices, faces, normals = geometry.vertices, geometry.faces, geometry.normals
    if visual.kind == "vertex":
        colors = _linear(visual.vertex_colors)
        return RawPart(vertices=vertices, faces=faces, normals=normals, vertex_colors=colors, material=_COLORED)
    if visual.kind == "face":
        colors = np.repeat(_linear(visual.face_colors), 3, axis=0)
        own = np.arange(3 * len(faces)).reshape(-1, 3)
        return RawPart(vertices=vertices[faces].reshape(-1, 3), faces=own, vertex_colors=colors, material=_COLORED)
    return RawPart(vertices=vertices, faces=faces, normals=normals, material=Material())


def _linear(rgba: np.ndarray) -> Float[np.ndarray, "n 3"]:
    return srgb_to_linear(np.asarray(rgba, dtype=np.float64)[:, :3] / 255.0)
