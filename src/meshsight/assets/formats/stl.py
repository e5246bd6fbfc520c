"""STL: triangles and nothing else."""

from pathlib import Path

from meshsight.assets.formats.geometry import parse_geometry, read_bytes
from meshsight.assets.raw_part import RawPart
from meshsight.core.errors import AssetError
from meshsight.records.mesh import Material

_HEADER_BYTES, _TRIANGLE_BYTES = 84, 50


def read(path: Path, max_texture_px: int) -> list[RawPart]:
    """Reads a binary or ASCII STL file; its facet normals are ignored in favour of normals made from the triangles.

    Raises:
        AssetError: the file is cut short or has no faces.
    """
    data = read_bytes(path)
    _refuse_cut_file(path, data)
    found = parse_geometry(path, data, "stl", {})
    return [RawPart(vertices=g.vertices, faces=g.faces, material=Material()) for g in found]


def _refuse_cut_file(path: Path, data: bytes) -> None:
    if data[:5].lower() == b"solid" and b"facet" in data[:1000].lower():
        if b"endsolid" not in data[-1000:].lower():
            raise AssetError(f"{path}: ends without 'endsolid', so it is cut short; export it anew")
        return
    count = int.from_bytes(data[_HEADER_BYTES - 4 : _HEADER_BYTES], "little")
    expected = _HEADER_BYTES + count * _TRIANGLE_BYTES
    if len(data) < expected:
        raise AssetError(
            f"{path}: {len(data):,} bytes where a binary STL of {count:,} triangles has {expected:,}: it is cut short; "
            "export it anew"
        )
