"""glTF 2.0, as .gltf with its files or as one .glb: metres, y up."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from meshsight.assets.formats.geometry import Geometry, parse_geometry
from meshsight.assets.formats.gltf_document import GltfDocument, open_document
from meshsight.assets.formats.gltf_materials import TextureTable, read_material
from meshsight.assets.raw_part import RawPart
from meshsight.core.errors import AssetError
from meshsight.records.mesh import Material

_FLOAT = 5126  # accessor.componentType, specification section 3.6.2.2
# Extensions that change how geometry or textures must be read; others only add to what we show.
_UNREADABLE = {
    "EXT_meshopt_compression": "mesh compression",
    "KHR_draco_mesh_compression": "mesh compression",
    "KHR_mesh_quantization": "mesh quantisation",
    "KHR_texture_basisu": "texture compression",
}


def read(path: Path, max_texture_px: int) -> list[RawPart]:
    """Reads a glTF file; each primitive of each node becomes a part.

    Raises:
        AssetError: the file is broken or has no triangles, a file it names is missing, or it needs what we do not read.
    """
    document = open_document(path)
    try:
        _refuse_unreadable(document)
    except (LookupError, TypeError, AttributeError) as error:
        raise AssetError(f"{path}: its meshes are not as glTF describes them ({error!r}); export it anew") from error
    textures = TextureTable(document, max_texture_px)
    entries = document.tree.get("materials", [])
    try:
        materials = [read_material(document, entry, textures) for entry in entries]
    except (LookupError, TypeError, ValueError) as error:
        raise AssetError(f"{path}: its materials are not as glTF describes them ({error!r}); export it anew") from error
    # The standard's default material: white, metallic and rough (section 3.9.1 and its schema).
    materials.append(Material(base_color=(1.0, 1.0, 1.0), metallic=1.0, roughness=1.0))
    buffers = {f"{i}.bin": data for i, data in enumerate(document.buffers)}
    stub = json.dumps(_geometry_only(document.tree, len(entries))).encode()
    return [_part(geometry, materials, entries) for geometry in parse_geometry(path, stub, "gltf", buffers)]


def _refuse_unreadable(document: GltfDocument) -> None:
    tree = document.tree
    for name in tree.get("extensionsRequired", []):
        if name in _UNREADABLE:
            raise AssetError(f"{document.path}: needs {name}; export it without {_UNREADABLE[name]}")
    for mesh in tree.get("meshes", []):
        for primitive in mesh.get("primitives", []):
            uv = primitive.get("attributes", {}).get("TEXCOORD_0")
            if uv is not None and tree["accessors"][uv]["componentType"] != _FLOAT:
                raise AssetError(f"{document.path}: has texture coordinates as integers; export them as floats")


def _geometry_only(tree: dict[str, Any], default_material: int) -> dict[str, Any]:
    """Returns a tree whose materials are mere numbers as names, one for every primitive, and without pictures."""
    plain = {key: value for key, value in tree.items() if key not in ("images", "textures", "samplers", "materials")}
    plain["materials"] = [{"name": str(i)} for i in range(default_material + 1)]
    plain["buffers"] = [{**entry, "uri": f"{i}.bin"} for i, entry in enumerate(tree.get("buffers", []))]
    plain["meshes"] = [
        {
            **mesh,
            "primitives": [{**p, "material": p.get("material", default_material)} for p in mesh.get("primitives", [])],
        }
        for mesh in tree.get("meshes", [])
    ]
    return plain


def _part(geometry: Geometry, materials: list[Material], entries: list[dict[str, Any]]) -> RawPart:
    visual: Any = geometry.mesh.visual
    index = int(visual.material.name)
    uv = None if visual.uv is None else np.asarray(visual.uv, dtype=np.float64)
    if uv is not None and index < len(entries):
        uv = _transformed_uv(uv, entries[index])
    colors = visual.vertex_attributes.get("color")
    return RawPart(
        vertices=geometry.vertices,
        faces=geometry.faces,
        normals=geometry.normals,
        uv=uv,
        vertex_colors=None if colors is None else _unit_colors(np.asarray(colors)),
        material=materials[index],
    )


def _unit_colors(colors: np.ndarray) -> Float[np.ndarray, "n 3"]:
    """Returns COLOR_0 in 0..1; the standard has it linear, as floats or normalised integers."""
    scale = float(np.iinfo(colors.dtype).max) if np.issubdtype(colors.dtype, np.integer) else 1.0
    return np.clip(colors[:, :3].astype(np.float64) / scale, 0.0, 1.0)


def _transformed_uv(uv: Float[np.ndarray, "n 2"], entry: dict[str, Any]) -> Float[np.ndarray, "n 2"]:
    """Applies KHR_texture_transform of the base colour texture; the extension's v points down, ours up."""
    texture = entry.get("pbrMetallicRoughness", {}).get("baseColorTexture", {})
    transform = texture.get("extensions", {}).get("KHR_texture_transform")
    if transform is None:
        return uv
    turn = transform.get("rotation", 0.0)
    scaled = np.stack([uv[:, 0], 1.0 - uv[:, 1]], axis=1) * np.asarray(transform.get("scale", (1.0, 1.0)))
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    moved = scaled @ rotation.T + np.asarray(transform.get("offset", (0.0, 0.0)))
    return np.stack([moved[:, 0], 1.0 - moved[:, 1]], axis=1)
