"""STL: triangles and nothing else."""

from pathlib import Path

from meshsight.assets.formats.geometry import parse_geometry, read_bytes
from meshsight.assets.raw_part import RawPart
from meshsight.records.mesh import Material


def read(path: Path, max_texture_px: int) -> list[RawPart]:
    """Reads a binary or ASCII STL file; its facet normals are ignored in favour of normals made from the triangles.

    Raises:
        AssetError: the file is cut short or has no faces.
    """
    found = parse_geometry(path, read_bytes(path), "stl", {})
    return [RawPart(vertices=g.vertices, faces=g.faces, material=Material()) for g in found]
