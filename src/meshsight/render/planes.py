"""The flat things of a scene that have no id: the ground, and the walls, floor and ceiling of a room."""

from dataclasses import dataclass

import numpy as np

from meshsight.core.pose import Matrix4, make_pose
from meshsight.records.scene import AssetSource, Scene
from meshsight.render.surface import Surface, plane_surface


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plane:
    """A rectangle, seen from both sides.

    Attributes:
        T_world_plane: its middle; x and y lie in it.
        half_m: half its sides along x and y.
        surface: what it is made of.
        tile_m: side of a texture tile, counted from the middle.
    """

    T_world_plane: Matrix4
    half_m: tuple[float, float]
    surface: Surface
    tile_m: float


def planes_of(scene: Scene, assets: AssetSource) -> list[Plane]:
    """Returns the ground, if there is one, and the walls in their order."""
    planes: list[Plane] = []
    if scene.ground is not None:
        ground = scene.ground
        planes.append(
            Plane(
                T_world_plane=make_pose(np.eye(3), np.array([0.0, 0.0, ground.z_m])),
                half_m=(ground.half_size_m, ground.half_size_m),
                surface=plane_surface(ground, assets),
                tile_m=ground.tile_m,
            )
        )
    for wall in scene.walls:
        half = (0.5 * wall.size_m[0], 0.5 * wall.size_m[1])
        planes.append(
            Plane(T_world_plane=wall.T_world_wall, half_m=half, surface=plane_surface(wall, assets), tile_m=wall.tile_m)
        )
    return planes
