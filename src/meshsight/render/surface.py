"""What a part of an object finally looks like: its material with the scene's override, and texture coordinates for all.

The same for every renderer.
"""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import UInt8

from meshsight.records.mesh import Mesh, MeshPart, bounds_of
from meshsight.records.scene import AssetSource, MaterialOverride, Rgb


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Texture:
    """A picture on a surface; equal keys mean equal pixels.

    Attributes:
        is_named: a scene named it, so the next scene may well have another; else it belongs to a mesh.
    """

    key: str
    is_named: bool
    pixels: UInt8[np.ndarray, "h w 3"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Surface:
    """A resolved material.

    Attributes:
        base_color: linear RGB factor.
        metallic, roughness: factors on the channels B and G of `metallic_roughness_texture` where
            `metallic_from_texture` and `roughness_from_texture` say so, else the values themselves.
        emissive: linear RGB that is added.
        flat: linear RGB that replaces all shading, or None.
    """

    base_color: Rgb
    metallic: float
    roughness: float
    emissive: Rgb
    base_color_texture: Texture | None
    metallic_roughness_texture: Texture | None
    metallic_from_texture: bool
    roughness_from_texture: bool
    flat: Rgb | None


def resolve_surface(mesh: Mesh, part_index: int, override: MaterialOverride, assets: AssetSource) -> Surface:
    """Applies a scene's override to the material of one part."""
    material = mesh.parts[part_index].material
    red, green, blue = material.base_color
    tint = override.tint
    glossy = material.metallic_roughness_texture
    return Surface(
        base_color=(red * tint[0], green * tint[1], blue * tint[2]),
        metallic=material.metallic if override.metallic is None else override.metallic,
        roughness=material.roughness if override.roughness is None else override.roughness,
        emissive=material.emissive,
        base_color_texture=_base_texture(mesh, part_index, override, assets),
        metallic_roughness_texture=_own_texture(mesh, part_index, "glossy", glossy),
        metallic_from_texture=glossy is not None and override.metallic is None,
        roughness_from_texture=glossy is not None and override.roughness is None,
        flat=override.emissive,
    )


def plain_surface(color: Rgb, roughness: float, texture: Texture | None) -> Surface:
    """Returns a dielectric surface of one colour, as the ground has."""
    return Surface(
        base_color=color,
        metallic=0.0,
        roughness=roughness,
        emissive=(0.0, 0.0, 0.0),
        base_color_texture=texture,
        metallic_roughness_texture=None,
        metallic_from_texture=False,
        roughness_from_texture=False,
        flat=None,
    )


def named_texture(ref: str, assets: AssetSource) -> Texture:
    """Returns a picture of the asset source as a texture."""
    return Texture(key=f"ref:{ref}", is_named=True, pixels=assets.image(ref))


def _base_texture(mesh: Mesh, part_index: int, override: MaterialOverride, assets: AssetSource) -> Texture | None:
    if override.texture is not None:
        return named_texture(override.texture, assets)
    return _own_texture(mesh, part_index, "base", mesh.parts[part_index].material.base_color_texture)


def _own_texture(mesh: Mesh, part_index: int, role: str, pixels: UInt8[np.ndarray, "h w 3"] | None) -> Texture | None:
    if pixels is None:
        return None
    return Texture(key=f"mesh:{mesh.fingerprint}/{part_index}/{role}", is_named=False, pixels=pixels)


def textured_parts(mesh: Mesh) -> tuple[MeshPart, ...]:
    """Returns the parts, those without uv mapped by box projection: one picture over the mesh's longest side."""
    if all(part.uv is not None for part in mesh.parts):
        return mesh.parts
    size = float(bounds_of(mesh).size.max()) or 1.0
    return tuple(part if part.uv is not None else _box_projected(part, size) for part in mesh.parts)


def _box_projected(part: MeshPart, size_m: float) -> MeshPart:
    """Projects along the axis nearest to each face's normal; vertices on seams are doubled, nothing moves."""
    corners = part.vertices[part.faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    axis = np.abs(normals).argmax(axis=1)
    wanted = part.faces.astype(np.int64) * 3 + axis[:, None]
    pairs, faces = np.unique(wanted, return_inverse=True)
    source, axis_of = pairs // 3, pairs % 3
    vertices = part.vertices[source]
    # Looking along x one sees (y, z), along y (x, z), along z (x, y).
    u = np.where(axis_of == 0, vertices[:, 1], vertices[:, 0])
    v = np.where(axis_of == 2, vertices[:, 1], vertices[:, 2])
    return replace(
        part,
        vertices=vertices,
        faces=faces.reshape(-1, 3).astype(np.int32),
        normals=part.normals[source],
        uv=(np.stack([u, v], axis=1) / size_m + 0.5).astype(np.float32),
        vertex_colors=None if part.vertex_colors is None else part.vertex_colors[source],
    )
