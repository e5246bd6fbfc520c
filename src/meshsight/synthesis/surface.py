"""The ground's surface: how a recipe describes it, and what is drawn from that."""

from typing import Annotated

from meshsight.records.scene import Ground
from meshsight.specs.distributions import Distribution, LogUniform
from meshsight.specs.materials import PlaneMaterial
from meshsight.specs.ranges import bounded
from meshsight.synthesis.draws import Draws
from meshsight.synthesis.planes import (
    PlaneDraw,
    draw_glow,
    draw_metallic,
    draw_plane_texture,
    draw_tile_m,
    draw_tint,
)

_GROUND = PlaneDraw(path="ground", aspect="ground", randomiser="placement.surface")


class SurfaceSpec(PlaneMaterial):
    """What the ground is made of."""

    half_size: Annotated[Distribution, bounded(2.0, 1000.0)] = LogUniform(low=2.5, high=40.0)
    """Half the ground's side, in multiples of the region's radius: a table top, or a floor to the horizon."""


def draw_ground(surface: SurfaceSpec, extent_m: float, draws: Draws) -> Ground:
    """Draws the ground z = 0 around a region of a radius."""
    rng = draws.stream("ground")
    tint = draw_tint(surface, _GROUND, draws, rng)
    # A relative tile comes from the ground's own stream, between two others.
    tile = draws.number("ground.tile_m", "placement.surface.tile", surface.tile, rng) * extent_m
    half_size = draws.number("ground.half_size_m", "placement.surface.half_size", surface.half_size, rng) * extent_m
    roughness = draws.number("ground.roughness", "placement.surface.roughness", surface.roughness, rng)
    texture = draw_plane_texture(surface, _GROUND, draws, rng)
    glow = draw_glow(surface, _GROUND, draws)
    return Ground(
        z_m=0.0,
        half_size_m=half_size,
        tint=tint,
        roughness=roughness,
        texture=texture,
        tile_m=tile if surface.tile_m is None else draw_tile_m(surface, _GROUND, draws, extent_m),
        metallic=draw_metallic(surface, _GROUND, draws),
        glow=glow.glow,
        glow_texture=glow.glow_texture,
    )
