"""The lights of a scene as Blender's lamps: what each sort's strength means there.

A sun's is the irradiance on a surface that faces it. A small light's is its power, 4 pi times its intensity. An area's
is its power, pi times radiance times area.
"""

import math
from collections.abc import Iterator
from typing import Any

from meshsight.records.scene import AreaLight, Scene
from meshsight.render.path_tracing.poses import Stage

_SPHERE = 4 * math.pi


def lamp_requests(scene: Scene, stage: Stage) -> list[dict[str, Any]]:
    """Returns all lamps of a scene."""
    return list(_lamps(scene, stage))


def _lamps(scene: Scene, stage: Stage) -> Iterator[dict[str, Any]]:
    for sun in scene.suns:
        yield {
            "sort": "SUN",
            "strength": list(sun.irradiance),
            "factor": 1.0,
            "casts_shadow": sun.casts_shadow,
            "position": [0.0, 0.0, 0.0],
            "shines": [-float(value) for value in sun.direction],
        }
    for point in scene.point_lights:
        yield {
            "sort": "POINT",
            "strength": list(point.intensity),
            "factor": _SPHERE,
            "casts_shadow": False,
            "position": stage.place(point.position),
            "shines": [0.0, 0.0, -1.0],
        }
    for spot in scene.spot_lights:
        yield {
            "sort": "SPOT",
            "strength": list(spot.intensity),
            "factor": _SPHERE,
            "casts_shadow": spot.casts_shadow,
            "position": stage.place(spot.position),
            "shines": [float(value) for value in spot.direction],
            "cone_rad": spot.cone_rad,
            "blend": spot.blend,
        }
    for area in scene.area_lights:
        yield {
            "sort": "AREA",
            "strength": list(area.radiance),
            "factor": math.pi * _area_m2(area),
            "casts_shadow": area.casts_shadow,
            "pose": stage.facing(area.T_world_light),
            "shape": "RECTANGLE" if area.shape == "rectangle" else "ELLIPSE",
            "size_m": list(area.size_m),
        }


def _area_m2(area: AreaLight) -> float:
    width, height = area.size_m
    return width * height * (1.0 if area.shape == "rectangle" else math.pi / 4)
