"""A mesh as one binary glTF file, which states its unit (metres) and its up axis (y).

Source of the layout: glTF 2.0 specification, sections 3.6, 3.7 and 4.
"""

import json
import struct
from typing import Any

import numpy as np

from meshsight.core.images import RgbImage, encode_png
from meshsight.records.mesh import Material, Mesh, MeshPart

_MAGIC, _JSON_CHUNK, _BIN_CHUNK = 0x46546C67, 0x4E4F534A, 0x004E4942
_FLOAT, _UNSIGNED_INT = 5126, 5125
_VERTICES, _INDICES = 34962, 34963


def glb_bytes(mesh: Mesh) -> bytes:
    """Returns a mesh as a .glb file; reading it gives the same mesh, to the rounding of its colours."""
    writer = _Writer()
    primitives = [writer.add_part(part) for part in mesh.parts]
    return pack_glb(writer.document(mesh.name, primitives), bytes(writer.binary))


def pack_glb(tree: dict[str, Any], binary: bytes) -> bytes:
    """Returns the container of a JSON tree and its embedded buffer."""
    text = json.dumps(tree, separators=(",", ":")).encode()
    chunks = _chunk(_JSON_CHUNK, text, b" ") + (_chunk(_BIN_CHUNK, binary, b"\0") if binary else b"")
    return struct.pack("<III", _MAGIC, 2, 12 + len(chunks)) + chunks


def _chunk(kind: int, data: bytes, filler: bytes) -> bytes:
    padded = data + filler * (-len(data) % 4)
    return struct.pack("<II", len(padded), kind) + padded


class _Writer:
    """Gathers the buffer and the tables that point into it."""

    def __init__(self) -> None:
        self.binary = bytearray()
        self._views: list[dict[str, Any]] = []
        self._accessors: list[dict[str, Any]] = []
        self._materials: list[dict[str, Any]] = []
        self._textures: list[dict[str, Any]] = []
        self._images: list[dict[str, Any]] = []

    def add_part(self, part: MeshPart) -> dict[str, Any]:
        """Adds a part and returns its primitive."""
        attributes = {"POSITION": self._add_rows(_to_y_up(part.vertices), has_bounds=True)}
        attributes["NORMAL"] = self._add_rows(_to_y_up(part.normals))
        if part.uv is not None:
            attributes["TEXCOORD_0"] = self._add_rows(np.stack([part.uv[:, 0], 1.0 - part.uv[:, 1]], axis=1))
        if part.vertex_colors is not None:
            attributes["COLOR_0"] = self._add_rows(part.vertex_colors)
        indices = self._add_view(np.ascontiguousarray(part.faces, dtype="<u4").tobytes(), _INDICES)
        entry = {"bufferView": indices, "componentType": _UNSIGNED_INT, "count": part.faces.size, "type": "SCALAR"}
        self._accessors.append(entry)
        self._materials.append(self._material(part.material))
        return {
            "attributes": attributes,
            "indices": len(self._accessors) - 1,
            "material": len(self._materials) - 1,
        }

    def document(self, name: str, primitives: list[dict[str, Any]]) -> dict[str, Any]:
        """Returns the JSON of everything that was added, as one mesh of one node."""
        tree = {
            "asset": {"version": "2.0", "generator": "meshsight"},
            "scene": 0,
            "scenes": [{"nodes": [0]}],
            "nodes": [{"mesh": 0, "name": name}],
            "meshes": [{"name": name, "primitives": primitives}],
            "materials": self._materials,
            "textures": self._textures,
            "images": self._images,
            "accessors": self._accessors,
            "bufferViews": self._views,
            "buffers": [{"byteLength": len(self.binary)}],
        }
        return {key: value for key, value in tree.items() if value != []}

    def _add_rows(self, rows: np.ndarray, *, has_bounds: bool = False) -> int:
        rows = np.ascontiguousarray(rows, dtype="<f4")
        entry: dict[str, Any] = {"bufferView": self._add_view(rows.tobytes(), _VERTICES), "componentType": _FLOAT}
        entry |= {"count": len(rows), "type": f"VEC{rows.shape[1]}"}
        if has_bounds:
            entry |= {"min": rows.min(axis=0).tolist(), "max": rows.max(axis=0).tolist()}
        self._accessors.append(entry)
        return len(self._accessors) - 1

    def _add_view(self, data: bytes, target: int | None = None) -> int:
        view: dict[str, Any] = {"buffer": 0, "byteOffset": len(self.binary), "byteLength": len(data)}
        self._views.append(view if target is None else view | {"target": target})
        self.binary += data + b"\0" * (-len(data) % 4)
        return len(self._views) - 1

    def _material(self, material: Material) -> dict[str, Any]:
        pbr: dict[str, Any] = {
            "baseColorFactor": [*material.base_color, 1.0],
            "metallicFactor": material.metallic,
            "roughnessFactor": material.roughness,
        }
        if material.base_color_texture is not None:
            pbr["baseColorTexture"] = {"index": self._add_picture(material.base_color_texture)}
        if material.metallic_roughness_texture is not None:
            pbr["metallicRoughnessTexture"] = {"index": self._add_picture(material.metallic_roughness_texture)}
        strength = max(1.0, *material.emissive)
        entry: dict[str, Any] = {
            "pbrMetallicRoughness": pbr,
            "emissiveFactor": [value / strength for value in material.emissive],
        }
        if strength > 1.0:
            entry["extensions"] = {"KHR_materials_emissive_strength": {"emissiveStrength": strength}}
        return entry

    def _add_picture(self, image: RgbImage) -> int:
        self._images.append({"bufferView": self._add_view(encode_png(image)), "mimeType": "image/png"})
        self._textures.append({"source": len(self._images) - 1})
        return len(self._textures) - 1


def _to_y_up(rows: np.ndarray) -> np.ndarray:
    """Turns rows that are z up so that y is up."""
    return np.stack([rows[:, 0], rows[:, 2], -rows[:, 1]], axis=1)
