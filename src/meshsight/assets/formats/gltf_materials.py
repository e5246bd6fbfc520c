"""Materials of glTF 2.0 (specification section 3.9); factors are linear, base colour textures sRGB."""

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np

from meshsight.assets.formats.gltf_document import GltfDocument
from meshsight.assets.texture_files import decode_texture
from meshsight.core.errors import AssetError
from meshsight.core.images import RgbImage
from meshsight.records.mesh import Material

_log = logging.getLogger(__name__)
_Json = Mapping[str, Any]


class TextureTable:
    """Decodes a document's textures, each picture once."""

    def __init__(self, document: GltfDocument, max_px: int) -> None:
        self._document = document
        self._max_px = max_px
        self._decoded: dict[int, RgbImage] = {}

    def get(self, reference: _Json | None) -> RgbImage | None:
        """Returns the picture of a texture reference, or None for no reference.

        Raises:
            AssetError: the picture is missing or broken, or uses the second set of texture coordinates.
        """
        if reference is None:
            return None
        path, tree = self._document.path, self._document.tree
        if reference.get("texCoord", 0) != 0:
            raise AssetError(f"{path}: a texture uses a second set of texture coordinates; export it with one set")
        texture = tree["textures"][reference["index"]]
        source = texture.get("extensions", {}).get("EXT_texture_webp", {}).get("source", texture.get("source"))
        if source is None:
            raise AssetError(f"{path}: texture {reference['index']} is in a format we do not read; export PNG or JPEG")
        if source not in self._decoded:
            image = tree["images"][source]
            data = self._document.resource(image["uri"]) if "uri" in image else self._document.view(image["bufferView"])
            name = image.get("uri", "embedded")[:80] if not image.get("uri", "").startswith("data:") else "embedded"
            self._decoded[source] = decode_texture(data, f"{path}, image {source} ({name})", self._max_px)
        return self._decoded[source]


def read_material(document: GltfDocument, entry: _Json, textures: TextureTable) -> Material:
    """Turns one entry of `materials` into a material; normal, occlusion and emissive maps and alpha are left out.

    Raises:
        AssetError: a texture cannot be used.
    """
    glossy = entry.get("extensions", {}).get("KHR_materials_pbrSpecularGlossiness")
    if glossy is not None and "pbrMetallicRoughness" not in entry:
        return _from_glossiness(glossy, entry, textures)
    pbr = entry.get("pbrMetallicRoughness", {})
    if entry.get("alphaMode", "OPAQUE") != "OPAQUE":
        _log.warning("%s: material '%s' is transparent, but is shown opaque", document.path, entry.get("name", "?"))
    emissive = entry.get("emissiveFactor", (0.0, 0.0, 0.0))
    if "emissiveTexture" in entry:
        _log.warning("%s: the emissive texture of material '%s' is left out", document.path, entry.get("name", "?"))
        emissive = (0.0, 0.0, 0.0)
    strength = entry.get("extensions", {}).get("KHR_materials_emissive_strength", {}).get("emissiveStrength", 1.0)
    return Material(
        base_color=_rgb(pbr.get("baseColorFactor", (1.0, 1.0, 1.0))),
        metallic=float(pbr.get("metallicFactor", 1.0)),
        roughness=float(pbr.get("roughnessFactor", 1.0)),
        emissive=_rgb(np.asarray(emissive) * strength),
        base_color_texture=textures.get(pbr.get("baseColorTexture")),
        metallic_roughness_texture=textures.get(pbr.get("metallicRoughnessTexture")),
        name=str(entry.get("name", "")),
    )


def _from_glossiness(glossy: _Json, entry: _Json, textures: TextureTable) -> Material:
    return Material(
        base_color=_rgb(glossy.get("diffuseFactor", (1.0, 1.0, 1.0))),
        roughness=1.0 - float(glossy.get("glossinessFactor", 1.0)),
        base_color_texture=textures.get(glossy.get("diffuseTexture")),
        name=str(entry.get("name", "")),
    )


def _rgb(values: Any) -> tuple[float, float, float]:
    red, green, blue = (float(v) for v in list(values)[:3])
    return red, green, blue
