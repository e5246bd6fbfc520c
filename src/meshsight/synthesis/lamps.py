"""The groups of lamps of one frame."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from meshsight.core.pose import Matrix3, Vector3, make_pose
from meshsight.records.scene import AreaLight, PointLight, Rgb, SpotLight
from meshsight.specs.lamps import AreaLamps, PointLamps, SpotLamps, ThreePointRig
from meshsight.specs.positions import InBox, OnShell, UnderCeiling
from meshsight.synthesis.colors import describe_color, draw_color, scale_color
from meshsight.synthesis.directions import direction
from meshsight.synthesis.draws import Draws
from meshsight.synthesis.lengths import draw_length_m
from meshsight.synthesis.placement import Region
from meshsight.synthesis.room import Room
from meshsight.synthesis.sampling import describe, describe_given, sample, sample_count

AnyLamps = PointLamps | SpotLamps | AreaLamps
AnyLight = PointLight | SpotLight | AreaLight

_DOWN = np.array([0.0, 0.0, -1.0])
_NEAREST_M = 1e-3
_NO_CEILING = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lit:
    """The lamps of a frame, by their kinds."""

    points: tuple[PointLight, ...] = ()
    spots: tuple[SpotLight, ...] = ()
    areas: tuple[AreaLight, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Surroundings:
    """What lamps are placed by.

    Attributes:
        region: where the objects are.
        eye: position of the camera.
        room: if there is one.
        num_points: point lights that the scene has already.
    """

    region: Region
    eye: Vector3
    room: Room | None
    num_points: int = 0


@dataclass(slots=True)
class _Found:
    """Lights in the order of drawing, and the paths that they have in the Scene."""

    first_point: int
    points: list[PointLight] = field(default_factory=list)
    spots: list[SpotLight] = field(default_factory=list)
    areas: list[AreaLight] = field(default_factory=list)

    def add(self, light: AnyLight) -> tuple[str, str, str]:
        """Adds a light; returns its path, and the names of its place and its brightness."""
        match light:
            case PointLight():
                self.points.append(light)
                return f"point_lights[{self.first_point + len(self.points) - 1}]", "position", "intensity"
            case SpotLight():
                self.spots.append(light)
                return f"spot_lights[{len(self.spots) - 1}]", "position", "intensity"
            case AreaLight():
                self.areas.append(light)
                return f"area_lights[{len(self.areas) - 1}]", "T_world_light", "radiance"


def draw_lamps(specs: Sequence[AnyLamps | ThreePointRig], around: Surroundings, draws: Draws) -> Lit:
    """Draws all groups, each lamp from its own stream."""
    found = _Found(around.num_points)
    for index, spec in enumerate(specs):
        aspect = f"lamps[{index}]"
        lights = (
            _draw_rig(spec, aspect, around, draws)
            if isinstance(spec, ThreePointRig)
            else _draw_group(spec, aspect, around, draws)
        )
        for light in lights:
            path, place, brightness = found.add(light)
            draws.note(f"{path}.{place}", f"lights.{aspect} {spec.kind}: {_describe_place(spec)}")
            draws.note(f"{path}.{brightness}", f"lights.{aspect} {spec.kind}: {_describe_light(spec)}")
    return Lit(points=tuple(found.points), spots=tuple(found.spots), areas=tuple(found.areas))


def _draw_group(spec: AnyLamps, aspect: str, around: Surroundings, draws: Draws) -> Iterator[AnyLight]:
    count = sample_count(spec.count, draws.stream(f"{aspect}.count"))
    shared = draw_color(spec.color, draws.stream(f"{aspect}.color")) if spec.one_color else None
    for k in range(count):
        rng = draws.stream(f"{aspect}[{k}]")
        is_on = spec.on_probability >= 1.0 or rng.random() < spec.on_probability
        position = _draw_position(spec.where, k, around, rng)
        color = draw_color(spec.color, rng)
        light = _make(spec, position, shared or color, around, rng)
        if is_on:
            yield light


def _draw_position(
    where: OnShell | InBox | UnderCeiling, k: int, around: Surroundings, rng: np.random.Generator
) -> Vector3:
    match where:
        case OnShell():
            elevation, azimuth = (np.deg2rad(sample(drawn, rng)) for drawn in (where.elevation_deg, where.azimuth_deg))
            reach = draw_length_m(where.distance, where.distance_m, around.region.radius_m, rng)
            return around.region.center + reach * direction(float(azimuth), float(elevation))
        case InBox():
            return np.array([sample(drawn, rng) for drawn in (where.x_m, where.y_m, where.z_m)])
        case UnderCeiling():
            return _hang(where, k, around, rng)


def _hang(where: UnderCeiling, k: int, around: Surroundings, rng: np.random.Generator) -> Vector3:
    """Returns a place under the ceiling: a cell's middle of the grid, or anywhere."""
    drop, region = sample(where.drop, rng), around.region
    if around.room is None or around.room.ceiling is None:
        # A frame without its room: as high over the scene as a ceiling might be.
        return region.center + _NO_CEILING * region.radius_m * direction(float(rng.uniform(0.0, 2.0 * np.pi)), 1.2)
    ceiling = around.room.ceiling
    if where.columns is None:
        place = rng.uniform(-0.5, 0.5, 2)
    else:
        cell = np.array([k % where.columns, k // where.columns % where.rows])
        place = (cell + 0.5) / np.array([where.columns, where.rows]) - 0.5
    offset = place * (1.0 - 2.0 * where.inset) * np.array(ceiling.size_m)
    below = max(drop * around.room.height_m, _NEAREST_M)
    return ceiling.T_world_wall[:3, :3] @ np.array([*offset, below]) + ceiling.T_world_wall[:3, 3]


def _make(spec: AnyLamps, position: Vector3, color: Rgb, around: Surroundings, rng: np.random.Generator) -> AnyLight:
    towards = around.region.center - position
    distance = max(float(np.linalg.norm(towards)), _NEAREST_M)
    energy = sample(spec.energy, rng)
    if isinstance(spec, PointLamps):
        return PointLight(position=position, intensity=scale_color(color, _intensity(spec.unit, energy, distance)))
    axis = _DOWN if spec.aim == "down" else towards / distance
    if isinstance(spec, SpotLamps):
        return SpotLight(
            position=position,
            direction=axis,
            intensity=scale_color(color, _intensity(spec.unit, energy, distance)),
            cone_rad=float(np.deg2rad(sample(spec.cone_deg, rng))),
            blend=sample(spec.blend, rng),
            casts_shadow=spec.casts_shadow,
        )
    width = draw_length_m(spec.width, spec.width_m, around.region.radius_m, rng)
    size = (width, width * sample(spec.aspect, rng))
    light = AreaLight(
        T_world_light=make_pose(axes_along(axis), position),
        shape=spec.shape,
        size_m=size,
        radiance=color,
        casts_shadow=spec.casts_shadow,
    )
    return replace(light, radiance=scale_color(color, _radiance(light, spec.unit, energy, distance)))


def _intensity(unit: str, energy: float, distance_m: float) -> float:
    """Returns the radiant intensity of a small lamp, along its axis."""
    return energy * distance_m**2 if unit == "irradiance" else energy / (4.0 * np.pi)


def _radiance(light: AreaLight, unit: str, energy: float, distance_m: float) -> float:
    """Returns the radiance of an area; seen from afar it counts as a small disk that faces the scene."""
    area = light.size_m[0] * light.size_m[1] * (np.pi / 4.0 if light.shape == "disk" else 1.0)
    if unit == "radiance":
        return energy
    if unit == "power_w":
        return energy / (np.pi * area)
    return energy * (distance_m**2 + area / np.pi) / area


def axes_along(axis: Vector3) -> Matrix3:
    """Returns a rotation whose z is the axis and whose x is horizontal."""
    helper = np.array([0.0, 0.0, 1.0]) if abs(axis[2]) < 0.999 else np.array([0.0, 1.0, 0.0])
    right = np.cross(helper, axis)
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(axis, right), axis], axis=1)


def _draw_rig(spec: ThreePointRig, aspect: str, around: Surroundings, draws: Draws) -> Iterator[AnyLight]:
    """Draws key, fill and back; the fill mirrors the key, and the back is opposite to it."""
    rng = draws.stream(aspect)
    if rng.random() >= spec.on_probability:
        return
    inclination, azimuth = (
        np.deg2rad(sample(drawn, rng)) for drawn in (spec.key_inclination_deg, spec.key_azimuth_deg)
    )
    reach = draw_length_m(spec.distance, spec.distance_m, around.region.radius_m, rng)
    color = draw_color(spec.color, rng)
    key_energy, fill_energy, back_energy = (
        sample(drawn, rng) for drawn in (spec.key_energy, spec.fill_energy, spec.back_energy)
    )
    side = around.eye - around.region.center
    start = float(np.arctan2(side[1], side[0])) if spec.follows_camera else 0.0
    key = direction(start + azimuth, 0.5 * np.pi - inclination)
    fill = direction(start + np.pi - azimuth, 0.5 * np.pi - (0.25 * np.pi + 0.5 * inclination))
    center = around.region.center
    yield SpotLight(
        position=center + reach * key,
        direction=-key,
        intensity=scale_color(color, _intensity(spec.unit, key_energy, reach)),
        cone_rad=float(np.deg2rad(sample(spec.key_cone_deg, rng))),
        casts_shadow=spec.casts_shadow,
    )
    width = reach * sample(spec.fill_width, rng)
    disk = AreaLight(
        T_world_light=make_pose(axes_along(-fill), center + reach * fill),
        shape="disk",
        size_m=(width, width),
        radiance=color,
        casts_shadow=spec.casts_shadow,
    )
    yield replace(disk, radiance=scale_color(color, _radiance(disk, spec.unit, fill_energy, reach)))
    yield PointLight(
        position=center - reach * key, intensity=scale_color(color, _intensity(spec.unit, back_energy, reach))
    )


def _describe_place(spec: AnyLamps | ThreePointRig) -> str:
    if isinstance(spec, ThreePointRig):
        return describe_given(
            distance=spec.distance,
            distance_m=spec.distance_m,
            key_inclination_deg=spec.key_inclination_deg,
            key_azimuth_deg=spec.key_azimuth_deg,
        )
    return f"count {describe(spec.count)}, on_probability {spec.on_probability:g}, where {spec.where.kind}"


def _describe_light(spec: AnyLamps | ThreePointRig) -> str:
    color = describe_color(spec.color)
    if isinstance(spec, ThreePointRig):
        given = describe_given(key_energy=spec.key_energy, fill_energy=spec.fill_energy, back_energy=spec.back_energy)
        return f"{given} ({spec.unit}), color {color}"
    return f"energy {describe(spec.energy)} ({spec.unit}), color {color}"
