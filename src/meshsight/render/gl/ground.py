"""The ground as a quad of two triangles."""

from dataclasses import dataclass

import moderngl
import numpy as np

from meshsight.core.pose import Matrix4
from meshsight.records.mesh import Material, MeshPart
from meshsight.records.scene import AssetSource, Ground
from meshsight.render.gl.geometry import PartGeometry
from meshsight.render.surface import Surface, named_texture, plain_surface


@dataclass(frozen=True, slots=True, eq=False)
class PlacedGround:
    """The ground of a frame.

    Attributes:
        uv_scale: how often the picture repeats over half a side.
    """

    geometry: PartGeometry
    cam_from_ground: Matrix4
    surface: Surface
    uv_scale: float


def ground_geometry(context: moderngl.Context) -> PartGeometry:
    """Uploads the square [-1, 1]^2 at z = 0, facing up, with uv equal to x and y."""
    corners = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], dtype=np.float32)
    part = MeshPart(
        vertices=corners,
        faces=np.array([[0, 1, 2], [0, 2, 3]], dtype=np.int32),
        normals=np.tile(np.array([0, 0, 1], dtype=np.float32), (4, 1)),
        # Upload turns v into 1 - v; scaled about 0, whole repeats of the picture begin at the world's origin.
        uv=np.stack([corners[:, 0], 1 + corners[:, 1]], axis=1),
        material=Material(),
    )
    return PartGeometry(context, part)


def place_ground(geometry: PartGeometry, ground: Ground, T_cam_world: Matrix4, assets: AssetSource) -> PlacedGround:
    """Computes the ground's matrix and surface."""
    matrix = np.diag([ground.half_size_m, ground.half_size_m, ground.half_size_m, 1.0])
    matrix[2, 3] = ground.z_m
    texture = None if ground.texture is None else named_texture(ground.texture, assets)
    surface = plain_surface(ground.tint, ground.roughness, texture)
    return PlacedGround(geometry, T_cam_world @ matrix, surface, ground.half_size_m / ground.tile_m)
