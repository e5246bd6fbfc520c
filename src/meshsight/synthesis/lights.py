"""Suns, lamps and the environment of one frame."""

import numpy as np

from meshsight.records.scene import Environment, PointLight, Sun
from meshsight.specs.lights import PointLightsSpec, SunsSpec
from meshsight.specs.ranges import AnyDistribution
from meshsight.specs.surroundings import EnvironmentSpec
from meshsight.synthesis.colors import color_of_temperature, scale_color
from meshsight.synthesis.directions import direction
from meshsight.synthesis.draws import Draws
from meshsight.synthesis.pictures import draw_environment_map
from meshsight.synthesis.placement import Region
from meshsight.synthesis.sampling import describe, sample, sample_count


def draw_suns(spec: SunsSpec, draws: Draws) -> tuple[Sun, ...]:
    """Draws the distant lights, each from its own stream."""
    count = sample_count(spec.count, draws.stream("suns.count"))
    return tuple(_draw_sun(spec, f"suns[{k}]", draws) for k in range(count))


def _draw_sun(spec: SunsSpec, path: str, draws: Draws) -> Sun:
    rng = draws.stream(path)
    elevation, azimuth = (np.deg2rad(sample(drawn, rng)) for drawn in (spec.elevation_deg, spec.azimuth_deg))
    draws.note(
        f"{path}.direction",
        f"lights.suns: elevation_deg {describe(spec.elevation_deg)}, azimuth_deg {describe(spec.azimuth_deg)}",
    )
    color = color_of_temperature(sample(spec.temperature_k, rng))
    irradiance = sample(spec.irradiance, rng)
    draws.note(f"{path}.irradiance", _light_origin("lights.suns", spec.irradiance, spec.temperature_k))
    return Sun(
        direction=direction(azimuth, elevation),
        irradiance=scale_color(color, irradiance),
        casts_shadow=spec.casts_shadow,
    )


def draw_point_lights(spec: PointLightsSpec, region: Region, draws: Draws) -> tuple[PointLight, ...]:
    """Draws the lamps around the region of the objects, each from its own stream."""
    count = sample_count(spec.count, draws.stream("point_lights.count"))
    return tuple(_draw_point_light(spec, region, f"point_lights[{k}]", draws) for k in range(count))


def _draw_point_light(spec: PointLightsSpec, region: Region, path: str, draws: Draws) -> PointLight:
    rng = draws.stream(path)
    distance = sample(spec.distance, rng) * region.radius_m
    elevation, azimuth = (np.deg2rad(sample(drawn, rng)) for drawn in (spec.elevation_deg, spec.azimuth_deg))
    draws.note(
        f"{path}.position",
        f"lights.points: distance {describe(spec.distance)}, elevation_deg {describe(spec.elevation_deg)}, "
        f"azimuth_deg {describe(spec.azimuth_deg)}",
    )
    color = color_of_temperature(sample(spec.temperature_k, rng))
    irradiance = sample(spec.irradiance, rng)
    draws.note(f"{path}.intensity", _light_origin("lights.points", spec.irradiance, spec.temperature_k))
    return PointLight(
        position=region.center + distance * direction(azimuth, elevation),
        intensity=scale_color(color, irradiance * distance * distance),
    )


def _light_origin(randomiser: str, irradiance: AnyDistribution, temperature_k: AnyDistribution) -> str:
    return f"{randomiser}: irradiance {describe(irradiance)}, temperature_k {describe(temperature_k)}"


def draw_environment(spec: EnvironmentSpec, draws: Draws) -> Environment:
    """Draws the map, its strength and its turn."""
    rng = draws.stream("environment")
    ref = draw_environment_map(spec.source, rng)
    draws.note("environment.ref", f"environment.source {spec.source.kind}")
    rotation = draws.number("environment.rotation_rad", "environment.rotation_deg", spec.rotation_deg, rng)
    return Environment(
        ref=ref,
        strength=draws.number("environment.strength", "environment.strength", spec.strength, rng),
        rotation_rad=float(np.deg2rad(rotation)),
    )
