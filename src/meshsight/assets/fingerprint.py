"""A mesh's name by its content."""

import hashlib
from collections.abc import Iterable

from meshsight.records.mesh import MeshPart


def fingerprint_parts(parts: Iterable[MeshPart]) -> str:
    """Returns 16 hexadecimal digits that depend on every array and number of the parts, and on nothing else."""
    digest = hashlib.blake2b(digest_size=8)
    for part in parts:
        material = part.material
        numbers = (*material.base_color, material.metallic, material.roughness, *material.emissive)
        digest.update(repr(numbers).encode())
        textures = (material.base_color_texture, material.metallic_roughness_texture)
        for array in (part.vertices, part.faces, part.normals, part.uv, part.vertex_colors, *textures):
            digest.update(b"none" if array is None else repr((array.shape, array.dtype.str)).encode())
            if array is not None:
                digest.update(array.tobytes())
    return digest.hexdigest()
