"""A mesh as BOP's models are: one PLY in millimetres, with normals, colours and, where it has one, a texture.

A PLY has one texture, so the textures of several parts are stacked into one. Shapes: v vertices, f faces.
"""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from meshsight.assets.color import linear_to_srgb, srgb_to_linear
from meshsight.assets.surface_samples import surface_color
from meshsight.core.images import encode_png
from meshsight.core.pose import Vector3
from meshsight.records.mesh import Mesh, MeshPart

MM = 1000.0
_EDGE_PX = 2
_PLAIN_PX = 4
_FAR_UV = 1e-3


# Names of some properties, their type for numpy and for PLY, and their values, a column each.
_Columns = tuple[Sequence[str], str, str, np.ndarray]


class ModelFiles(NamedTuple):
    """The bytes of a model.

    Attributes:
        ply: with colours, and texture coordinates where there is a texture.
        texture: a PNG, or None.
        plain_ply: nothing but the shape.
    """

    ply: bytes
    texture: bytes | None
    plain_ply: bytes


class _Atlas(NamedTuple):
    image: UInt8[np.ndarray, "h w 3"]
    uv: Float[np.ndarray, "v 2"]


def model_files(mesh: Mesh, scale: float, origin_m: Vector3, texture_name: str) -> ModelFiles:
    """Returns a mesh as the files of a BOP model.

    Args:
        mesh: in metres.
        scale: factor on its vertices.
        origin_m: point of the scaled mesh that becomes the model's origin.
        texture_name: name that the PLY gives its texture.
    """
    vertices = (mesh.vertices.astype(np.float64) * scale - origin_m) * MM
    normals = np.concatenate([part.normals for part in mesh.parts])
    faces = _joined_faces(mesh.parts)
    colors = np.concatenate([_vertex_colors(part) for part in mesh.parts])
    atlas = _stack_textures(mesh.parts)
    shape: list[_Columns] = [("xyz", "<f4", "float", vertices), (("nx", "ny", "nz"), "<f4", "float", normals)]
    look: list[_Columns] = [(("red", "green", "blue"), "u1", "uchar", colors)]
    if atlas is not None:
        look.append((("texture_u", "texture_v"), "<f4", "float", atlas.uv))
    return ModelFiles(
        ply=_encode(shape + look, faces, texture_name if atlas is not None else None),
        texture=None if atlas is None else encode_png(np.ascontiguousarray(atlas.image)),
        plain_ply=_encode(shape, faces, None),
    )


def has_repeating_texture(mesh: Mesh) -> bool:
    """Tells whether a texture is laid out beyond its borders, which only the colours of vertices can then show."""
    return any(_is_textured(part) for part in mesh.parts) and _stack_textures(mesh.parts) is None


def _encode(columns: Sequence[_Columns], faces: np.ndarray, texture: str | None) -> bytes:
    names = [(name, number) for group, number, _, _ in columns for name in group]
    table = np.zeros(len(columns[0][3]), dtype=names)
    for group, _, _, values in columns:
        for index, name in enumerate(group):
            table[name] = values[:, index]
    rows = np.zeros(len(faces), dtype=[("count", "u1"), ("corners", "<i4", 3)])
    rows["count"], rows["corners"] = 3, faces
    lines = ["ply", "format binary_little_endian 1.0"]
    lines += [f"comment TextureFile {texture}"] if texture else []
    lines += [f"element vertex {len(table)}"]
    lines += [f"property {word} {name}" for group, _, word, _ in columns for name in group]
    lines += [f"element face {len(faces)}", "property list uchar int vertex_indices", "end_header"]
    return "\n".join(lines).encode() + b"\n" + table.tobytes() + rows.tobytes()


def _joined_faces(parts: Sequence[MeshPart]) -> np.ndarray:
    starts = np.cumsum([0] + [len(part.vertices) for part in parts[:-1]])
    return np.concatenate([part.faces + start for part, start in zip(parts, starts, strict=True)])


def _vertex_colors(part: MeshPart) -> np.ndarray:
    index = np.arange(len(part.vertices))
    corners = np.repeat(index[:, None], 3, axis=1)
    weights = np.tile([1.0, 0.0, 0.0], (len(index), 1))
    return np.round(surface_color(part, corners, weights) * 255.0).astype(np.uint8)


def _is_textured(part: MeshPart) -> bool:
    return part.material.base_color_texture is not None and part.uv is not None


def _stack_textures(parts: Sequence[MeshPart]) -> _Atlas | None:
    """Returns the parts' pictures one below the other; None where no part has one, or one repeats."""
    if not any(_is_textured(part) for part in parts) or any(_is_beyond(part) for part in parts):
        return None
    pictures = [_picture(part) for part in parts]
    width = max(picture.shape[1] for picture in pictures) + 2 * _EDGE_PX
    padded = [_padded(picture, width) for picture in pictures]
    height = sum(len(picture) for picture in padded)
    uv, top = [], 0
    for part, picture in zip(parts, pictures, strict=True):
        own = np.full((len(part.vertices), 2), 0.5) if part.uv is None else part.uv.astype(np.float64)
        column = _EDGE_PX + own[:, 0] * picture.shape[1]
        row = top + _EDGE_PX + (1.0 - own[:, 1]) * picture.shape[0]
        uv.append(np.column_stack([column / width, 1.0 - row / height]))
        top += picture.shape[0] + 2 * _EDGE_PX
    return _Atlas(image=np.concatenate(padded), uv=np.concatenate(uv))


def _is_beyond(part: MeshPart) -> bool:
    if not _is_textured(part) or part.uv is None:
        return False
    return bool(part.uv.min() < -_FAR_UV or part.uv.max() > 1.0 + _FAR_UV)


def _picture(part: MeshPart) -> UInt8[np.ndarray, "h w 3"]:
    """Returns a part's texture with its base colour in it; a few pixels of the colour where it has none."""
    texture = part.material.base_color_texture
    if texture is None or part.uv is None:
        texture = np.full((_PLAIN_PX, _PLAIN_PX, 3), 255, dtype=np.uint8)
    factor = np.asarray(part.material.base_color, dtype=np.float64)
    levels = srgb_to_linear(np.arange(256) / 255.0)[:, None] * factor
    table = np.round(linear_to_srgb(np.clip(levels, 0.0, 1.0)) * 255.0).astype(np.uint8)
    return np.stack([table[texture[:, :, channel], channel] for channel in range(3)], axis=2)


def _padded(picture: UInt8[np.ndarray, "h w 3"], width: int) -> UInt8[np.ndarray, "h2 w2 3"]:
    right = width - picture.shape[1] - _EDGE_PX
    return cv2.copyMakeBorder(picture, _EDGE_PX, _EDGE_PX, _EDGE_PX, right, cv2.BORDER_REPLICATE)
