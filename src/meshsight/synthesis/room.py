"""The room of one frame: walls, floor and ceiling around the objects and the camera."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from meshsight.core.pose import Matrix3, Matrix4, Vector3, make_pose, rotation_about_z
from meshsight.records.scene import Wall
from meshsight.specs.materials import PlaneMaterial
from meshsight.specs.room import RoomSpec
from meshsight.synthesis.body import PlacedBody
from meshsight.synthesis.draws import Draws
from meshsight.synthesis.lengths import draw_length_m
from meshsight.synthesis.placement import Region
from meshsight.synthesis.planes import PlaneDraw, draw_plane
from meshsight.synthesis.sampling import describe_given, sample

_CLEARANCE = 0.05
"""Share of the region's radius that stays free between a wall and what stands nearest to it."""
_SIDES = ("+x", "-x", "+y", "-y")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Room:
    """The planes of a room.

    Attributes:
        walls: all of them, as a scene has them: the floor, four walls, and the ceiling if there is one.
        ceiling: that ceiling.
        height_m: from the floor to it.
    """

    walls: tuple[Wall, ...]
    ceiling: Wall | None
    height_m: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Inside:
    """What must be inside.

    Attributes:
        region: of the objects, around which the room stands.
        eye: position of the camera.
        bodies: everything that was put.
        floor_z_m: height of the floor where objects stand on it; None where they float.
    """

    region: Region
    eye: Vector3
    bodies: Sequence[PlacedBody]
    floor_z_m: float | None


def draw_room(spec: RoomSpec | None, inside: Inside, draws: Draws) -> Room | None:
    """Draws whether there is a room, its size, and what each plane is made of."""
    if spec is None or draws.stream("room").random() >= spec.probability:
        return None
    rng, radius = draws.stream("room.size"), inside.region.radius_m
    wanted = np.array(
        [
            draw_length_m(relative, metres, radius, rng)
            for relative, metres in (
                (spec.width, spec.width_m),
                (spec.depth, spec.depth_m),
                (spec.height, spec.height_m),
            )
        ]
    )
    turn = rotation_about_z(float(np.deg2rad(sample(spec.turn_deg, rng))))
    low, high = _bounds(wanted, turn, inside)
    T_world_room = make_pose(turn, turn @ (0.5 * (low + high)))
    size = high - low
    origin = describe_given(
        width=spec.width,
        depth=spec.depth,
        height=spec.height,
        width_m=spec.width_m,
        depth_m=spec.depth_m,
        height_m=spec.height_m,
        turn_deg=spec.turn_deg,
    )
    draws.note("walls", f"room: {origin}, grown to hold camera and objects")
    floor = _plane(spec.floor, "floor", 0, _horizontal(T_world_room, size, is_floor=True), radius, draws)
    walls = [
        _plane(spec.walls, f"walls{side}" if spec.walls_differ else "walls", k + 1, placed, radius, draws)
        for k, (side, placed) in enumerate(zip(_SIDES, _vertical(T_world_room, size), strict=True))
    ]
    if spec.ceiling is None:
        return Room(walls=(floor, *walls), ceiling=None, height_m=float(size[2]))
    top = _plane(spec.ceiling, "ceiling", 5, _horizontal(T_world_room, size, is_floor=False), radius, draws)
    return Room(walls=(floor, *walls, top), ceiling=top, height_m=float(size[2]))


_Placed = tuple[Matrix4, tuple[float, float]]


def _bounds(wanted: Float[np.ndarray, "3"], turn: Matrix3, inside: Inside) -> tuple[Vector3, Vector3]:
    """Returns the room's corners in its own, turned axes: as wanted around the region, but never too small."""
    margin = _CLEARANCE * inside.region.radius_m
    points = [inside.eye @ turn, *(body.center @ turn for body in inside.bodies)]
    reaches = [0.0, *(body.radius for body in inside.bodies)]
    lowest = np.min([point - reach for point, reach in zip(points, reaches, strict=True)], axis=0) - margin
    highest = np.max([point + reach for point, reach in zip(points, reaches, strict=True)], axis=0) + margin
    middle = inside.region.center @ turn
    low, high = middle - 0.5 * wanted, middle + 0.5 * wanted
    low[2] = lowest[2] if inside.floor_z_m is None else inside.floor_z_m
    high[2] = low[2] + wanted[2]
    low[:2] = np.minimum(low[:2], lowest[:2])
    return low, np.maximum(high, highest)


def _horizontal(T_world_room: Matrix4, size: Vector3, *, is_floor: bool) -> _Placed:
    """Returns the floor, which faces up, or the ceiling, which faces down."""
    facing = np.eye(3) if is_floor else np.diag([1.0, -1.0, -1.0])
    place = np.array([0.0, 0.0, (-0.5 if is_floor else 0.5) * size[2]])
    return T_world_room @ make_pose(facing, place), (float(size[0]), float(size[1]))


def _vertical(T_world_room: Matrix4, size: Vector3) -> list[_Placed]:
    """Returns the four walls in the order +x, -x, +y, -y, each facing inwards with its y up."""
    placed: list[_Placed] = []
    for axis, sign in ((0, 1.0), (0, -1.0), (1, 1.0), (1, -1.0)):
        inwards = np.zeros(3)
        inwards[axis] = -sign
        up = np.array([0.0, 0.0, 1.0])
        facing = np.stack([np.cross(up, inwards), up, inwards], axis=1)
        pose = T_world_room @ make_pose(facing, -0.5 * size[axis] * inwards)
        placed.append((pose, (float(size[1 - axis]), float(size[2]))))
    return placed


def _plane(spec: PlaneMaterial, name: str, index: int, placed: _Placed, radius_m: float, draws: Draws) -> Wall:
    which = PlaneDraw(path=f"walls[{index}]", aspect=f"room.{name}", randomiser=f"room.{name.rstrip('+-xy')}")
    look = draw_plane(spec, which, radius_m, draws)
    return Wall(
        T_world_wall=placed[0],
        size_m=placed[1],
        tint=look.tint,
        roughness=look.roughness,
        texture=look.texture,
        tile_m=look.tile_m,
        metallic=look.metallic,
        glow=look.glow.glow,
        glow_texture=look.glow.glow_texture,
    )
