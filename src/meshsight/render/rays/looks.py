"""Colour, normal and place of what the rays hit: the fragments that light falls on.

Shapes: n rays of an image.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from meshsight.core.pose import invert_pose
from meshsight.records.scene import AssetSource, Rgb, Scene
from meshsight.render.planes import Plane
from meshsight.render.rays.body import PlacedBody
from meshsight.render.rays.tracing import Hits
from meshsight.render.recolour import recoloured
from meshsight.render.surface import Texture, override_of, resolve_surface
from meshsight.render.tone import decode_srgb

_LIGHT = decode_srgb(np.arange(256) / 255)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Looks:
    """What is seen along each ray, in the camera's frame; filled in place, body by body.

    Attributes:
        albedo: linear RGB.
        normal: unit, towards the camera.
        emitted: linear RGB that is added, or that replaces all light where `is_flat`.
        is_seen: something is there; elsewhere the background shows.
    """

    albedo: Float[np.ndarray, "n 3"]
    normal: Float[np.ndarray, "n 3"]
    emitted: Float[np.ndarray, "n 3"]
    is_flat: Bool[np.ndarray, " n"]
    is_seen: Bool[np.ndarray, " n"]


def no_looks(count: int) -> Looks:
    """Returns looks of nothing."""
    return Looks(
        albedo=np.zeros((count, 3)),
        normal=np.zeros((count, 3)),
        emitted=np.zeros((count, 3)),
        is_flat=np.zeros(count, dtype=bool),
        is_seen=np.zeros(count, dtype=bool),
    )


def add_bodies(looks: Looks, bodies: Sequence[PlacedBody], hits: Hits, assets: AssetSource) -> None:
    """Fills in the looks of every ray that hits a body."""
    for index, placed in enumerate(bodies):
        of_body = np.flatnonzero(hits.body == index)
        parts = placed.body.part_of_face[hits.face[of_body]]
        for part_index in np.unique(parts):
            _add_part(looks, placed, int(part_index), of_body[parts == part_index], hits, assets)


def _add_part(
    looks: Looks, placed: PlacedBody, part_index: int, where: Int[np.ndarray, " k"], hits: Hits, assets: AssetSource
) -> None:
    body = placed.body
    corners = body.faces[hits.face[where]]
    weights = np.stack([1 - hits.second[where] - hits.third[where], hits.second[where], hits.third[where]], axis=1)
    surface = resolve_surface(body.mesh, part_index, override_of(placed.thing, part_index), assets)
    albedo = np.einsum("kc,kcd->kd", weights, body.colors[corners]) * np.asarray(surface.base_color)
    emitted = np.broadcast_to(np.asarray(surface.emissive), albedo.shape)
    if surface.base_color_texture is not None or surface.emissive_texture is not None:
        uv = np.einsum("kc,kcd->kd", weights, body.uv[corners])
        albedo = albedo * _painted((1.0, 1.0, 1.0), surface.base_color_texture, uv)
        emitted = _painted(surface.emissive, surface.emissive_texture, uv)
    if surface.recolouring is not None:
        albedo = recoloured(albedo, surface.recolouring)
    normals_object = np.einsum("kc,kcd->kd", weights, body.normals[corners])
    looks.albedo[where] = albedo
    looks.normal[where] = _facing_normals(placed, corners, normals_object, hits.rays[where])
    looks.emitted[where] = emitted if surface.flat is None else surface.flat
    looks.is_flat[where] = surface.flat is not None
    looks.is_seen[where] = True


def _facing_normals(
    placed: PlacedBody,
    corners: Int[np.ndarray, "k 3"],
    normals_object: Float[np.ndarray, "k 3"],
    rays: Float[np.ndarray, "k 3"],
) -> Float[np.ndarray, "k 3"]:
    """Turns normals into the camera's frame, and over where the back of a triangle is seen."""
    a, b, c = (placed.vertices_cam[corners[:, i]] for i in range(3))
    is_back = np.einsum("kd,kd->k", np.cross(b - a, c - a), rays) > 0
    normals = normals_object @ placed.R_cam_object.T
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    return np.where(is_back[:, None], -normals, normals)


def add_plane(
    looks: Looks, plane: Plane, scene: Scene, rays: Float[np.ndarray, "n 3"], depth_m: Float[np.ndarray, " n"]
) -> Float[np.ndarray, " n"]:
    """Fills in the looks of rays that meet a plane before anything else.

    Args:
        looks: of what was met so far.
        plane: ground or wall.
        scene: the scene.
        rays: directions of depth 1 in the camera's frame.
        depth_m: planar depth of what was met so far, infinite where that is nothing.

    Returns:
        The plane's planar depth in metres, infinite where something else or nothing is seen.
    """
    T_plane_cam = invert_pose(plane.T_world_plane) @ scene.T_world_cam
    rays_plane = rays @ T_plane_cam[:3, :3].T
    eye = T_plane_cam[:3, 3]
    with np.errstate(divide="ignore", invalid="ignore"):
        depth = -eye[2] / rays_plane[:, 2]
        xy = eye[:2] + depth[:, None] * rays_plane[:, :2]
    is_inside = (np.abs(xy) <= np.array(plane.half_m)).all(axis=1)
    is_seen = is_inside & (depth >= scene.near_m) & (depth <= scene.far_m) & (depth < depth_m)
    uv = xy[is_seen] / plane.tile_m
    looks.albedo[is_seen] = _painted(plane.surface.base_color, plane.surface.base_color_texture, uv)
    looks.normal[is_seen] = np.array([0.0, 0.0, 1.0 if eye[2] >= 0.0 else -1.0]) @ T_plane_cam[:3, :3]
    looks.emitted[is_seen] = _painted(plane.surface.emissive, plane.surface.emissive_texture, uv)
    looks.is_flat[is_seen] = False
    looks.is_seen[is_seen] = True
    return np.where(is_seen, depth, np.inf)


def _painted(color: Rgb, texture: Texture | None, uv: Float[np.ndarray, "k 2"]) -> Float[np.ndarray, "k 3"]:
    plain = np.broadcast_to(np.asarray(color), (len(uv), 3))
    return plain if texture is None else plain * sample_picture(texture.pixels, uv)


def sample_picture(pixels: UInt8[np.ndarray, "h w 3"], uv: Float[np.ndarray, "k 2"]) -> Float[np.ndarray, "k 3"]:
    """Returns linear colours at texture coordinates (v up), bilinear, repeated in both directions."""
    height, width = pixels.shape[:2]
    x = uv[:, 0] * width - 0.5
    y = (1.0 - uv[:, 1]) * height - 0.5
    left, top = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    along, down = (x - left)[:, None], (y - top)[:, None]
    rows, columns = (top % height, (top + 1) % height), (left % width, (left + 1) % width)
    upper = _LIGHT[pixels[rows[0], columns[0]]] * (1 - along) + _LIGHT[pixels[rows[0], columns[1]]] * along
    lower = _LIGHT[pixels[rows[1], columns[0]]] * (1 - along) + _LIGHT[pixels[rows[1], columns[1]]] * along
    return upper * (1 - down) + lower * down
