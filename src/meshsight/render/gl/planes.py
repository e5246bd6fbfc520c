"""Ground and walls as quads of two triangles."""

from dataclasses import dataclass

import moderngl
import numpy as np

from meshsight.core.pose import Matrix4
from meshsight.records.mesh import Material, MeshPart
from meshsight.records.scene import AssetSource, Scene
from meshsight.render.gl.geometry import PartGeometry
from meshsight.render.planes import planes_of
from meshsight.render.surface import Surface


@dataclass(frozen=True, slots=True, eq=False)
class PlacedPlane:
    """The ground or a wall of a frame.

    Attributes:
        uv_scale: how often the picture repeats over half of each side.
    """

    geometry: PartGeometry
    cam_from_plane: Matrix4
    surface: Surface
    uv_scale: tuple[float, float]


def plane_geometry(context: moderngl.Context) -> PartGeometry:
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


def place_planes(geometry: PartGeometry, scene: Scene, T_cam_world: Matrix4, assets: AssetSource) -> list[PlacedPlane]:
    """Computes the matrix and the surface of the ground and of each wall."""
    placed: list[PlacedPlane] = []
    for plane in planes_of(scene, assets):
        width, height = plane.half_m
        # The third number is the scale of the normals, which lie along z; the quad itself has none of it.
        matrix = plane.T_world_plane @ np.diag([width, height, width, 1.0])
        uv_scale = (width / plane.tile_m, height / plane.tile_m)
        placed.append(PlacedPlane(geometry, T_cam_world @ matrix, plane.surface, uv_scale))
    return placed
