"""Spot and area lights as small lamps that a renderer adds up, the same for every renderer that does so.

A small lamp of intensity I on its axis gives a surface at distance d the irradiance I f / (d^2 + a / pi) times the
cosine at the surface. A point has f = 1, a = 0; a spot the falloff of `records.scene.SpotLight`. An area is cut into
equal cells; each is such a lamp with I = radiance times its area a, and f the cosine at the lamp: what a disk of that
area gives to a surface on its axis (Howell, "A catalog of radiation heat transfer configuration factors"), never more
than light from all around.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from meshsight.core.pose import Vector3, transform_points
from meshsight.records.scene import AreaLight, PointLight, Rgb, Scene, SpotLight

_SOFTEST = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lamp:
    """A small lamp in the world.

    Attributes:
        light: which of the scene's lights it is a part of.
        intensity: linear RGB on the axis.
        axis: the way that it shines; not used by points.
        cell_m2: area of its cell, or 0 for points and spots.
        cos_outer, softness: of a spot: cosine at the cone's edge, and the cosines between there and full light; an
            outer cosine of -2 is no spot.
    """

    light: PointLight | SpotLight | AreaLight
    position: Vector3
    intensity: Rgb
    axis: Vector3
    cell_m2: float = 0.0
    cos_outer: float = -2.0
    softness: float = 1.0

    @property
    def casts_shadow(self) -> bool:
        """Whether anything is hidden from it."""
        return not isinstance(self.light, PointLight) and self.light.casts_shadow


def lamps_of(scene: Scene, cells_per_side: int, num_own_points: int) -> list[Lamp]:
    """Returns the lamps of a scene in the world.

    Args:
        scene: the scene.
        cells_per_side: into how many rows and columns areas are cut.
        num_own_points: how many of the point lights are drawn in another way.
    """
    lamps = [_point(light) for light in scene.point_lights[num_own_points:]]
    lamps += [_spot(light) for light in scene.spot_lights]
    return lamps + [lamp for light in scene.area_lights for lamp in _cells(light, cells_per_side)]


def falloff(lamp: Lamp, towards: Float[np.ndarray, "k 3"], squared: Float[np.ndarray, " k"]) -> Float[np.ndarray, " k"]:
    """Returns f / (d^2 + a / pi) for vectors from surfaces to a lamp, and the squares of their lengths."""
    cosine = -(towards @ lamp.axis) / np.sqrt(squared)
    share = np.ones(len(towards))
    if isinstance(lamp.light, SpotLight):
        share = np.clip((cosine - lamp.cos_outer) / lamp.softness, 0.0, 1.0)
        share = share * share * (3.0 - 2.0 * share)
    elif isinstance(lamp.light, AreaLight):
        share = np.maximum(cosine, 0.0)
    return share / (squared + lamp.cell_m2 / np.pi)


def _point(light: PointLight) -> Lamp:
    return Lamp(light=light, position=light.position, intensity=light.intensity, axis=np.zeros(3))


def _spot(light: SpotLight) -> Lamp:
    cos_outer = float(np.cos(0.5 * light.cone_rad))
    return Lamp(
        light=light,
        position=light.position,
        intensity=light.intensity,
        axis=light.direction,
        cos_outer=cos_outer,
        softness=max((1.0 - cos_outer) * light.blend, _SOFTEST),
    )


def _cells(light: AreaLight, per_side: int) -> Iterator[Lamp]:
    steps = (np.arange(per_side) + 0.5) / per_side * 2.0 - 1.0
    places = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    area = light.size_m[0] * light.size_m[1]
    if light.shape == "disk":
        places, area = _on_disk(places), np.pi / 4.0 * area
    local = np.column_stack([places * 0.5 * np.array(light.size_m), np.zeros(len(places))])
    cell = area / len(places)
    red, green, blue = light.radiance
    for position in transform_points(light.T_world_light, local):
        yield Lamp(
            light=light,
            position=position,
            intensity=(red * cell, green * cell, blue * cell),
            axis=light.T_world_light[:3, 2],
            cell_m2=cell,
        )


def _on_disk(square: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "n 2"]:
    """Maps the square [-1, 1]^2 to the unit disk, equal areas to equal areas (Shirley and Chiu, JGT 2(3), 1997)."""
    x, y = square.T
    is_wide = np.abs(x) > np.abs(y)
    radius = np.where(is_wide, x, y)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(is_wide, y / x, x / y)
    angle = np.where(is_wide, np.pi / 4 * ratio, np.pi / 2 - np.pi / 4 * ratio)
    angle = np.where(radius == 0.0, 0.0, angle)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
