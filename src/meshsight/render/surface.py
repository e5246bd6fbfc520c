"""What a part of an object finally looks like: its material with the scene's override, and texture coordinates for all.

The same for every renderer.
"""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import UInt8

from meshsight.records.mesh import Mesh, MeshPart, bounds_of
from meshsight.records.scene import AssetSource, Ground, MaterialOverride, Rgb, SceneObject, Wall
from meshsight.render.recolour import Recolouring, recolouring_of


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
        emissive: linear RGB that is added, times `emissive_texture` if there is one.
        recolouring: what happens to the product of base colour, its texture and vertex colours, or None.
        flat: linear RGB that replaces all shading, or None.
    """

    base_color: Rgb
    metallic: float
    roughness: float
    emissive: Rgb
    emissive_texture: Texture | None
    base_color_texture: Texture | None
    metallic_roughness_texture: Texture | None
    metallic_from_texture: bool
    roughness_from_texture: bool
    flat: Rgb | None
    recolouring: Recolouring | None = None


def resolve_surface(mesh: Mesh, part_index: int, override: MaterialOverride, assets: AssetSource) -> Surface:
    """Applies a scene's override to the material of one part."""
    material = mesh.parts[part_index].material
    red, green, blue = material.base_color if override.color is None else override.color
    tint = override.tint
    glossy = material.metallic_roughness_texture
    return Surface(
        base_color=(red * tint[0], green * tint[1], blue * tint[2]),
        metallic=material.metallic if override.metallic is None else override.metallic,
        roughness=material.roughness if override.roughness is None else override.roughness,
        emissive=material.emissive if override.glow is None else override.glow,
        emissive_texture=None if override.glow_texture is None else named_texture(override.glow_texture, assets),
        base_color_texture=_base_texture(mesh, part_index, override, assets),
        metallic_roughness_texture=_own_texture(mesh, part_index, "glossy", glossy),
        metallic_from_texture=glossy is not None and override.metallic is None,
        roughness_from_texture=glossy is not None and override.roughness is None,
        flat=override.emissive,
        recolouring=recolouring_of(override),
    )


def override_of(thing: SceneObject, part_index: int) -> MaterialOverride:
    """Returns what a scene changes of one part of an object."""
    return next((each.material for each in thing.part_materials if each.part == part_index), thing.material)


def plane_surface(plane: Ground | Wall, assets: AssetSource) -> Surface:
    """Returns the surface of a ground or a wall."""
    texture = None if plane.texture is None else named_texture(plane.texture, assets)
    return Surface(
        base_color=plane.tint,
        metallic=plane.metallic,
        roughness=plane.roughness,
        emissive=plane.glow,
        emissive_texture=None if plane.glow_texture is None else named_texture(plane.glow_texture, assets),
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
    if override.color is not None:
        return None
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
