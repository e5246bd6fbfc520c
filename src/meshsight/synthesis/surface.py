"""The ground's surface: how a recipe describes it, and what is drawn from that."""

from typing import Annotated

from pydantic import Field

from meshsight.records.scene import Ground
from meshsight.specs.base import Spec
from meshsight.specs.distributions import Distribution, LogUniform, Uniform
from meshsight.specs.pictures import ProceduralTextures, TextureSource
from meshsight.specs.ranges import Fraction, NonNegative, Positive, bounded
from meshsight.synthesis.colors import color_from_hsv
from meshsight.synthesis.draws import Draws
from meshsight.synthesis.pictures import draw_texture
from meshsight.synthesis.sampling import describe_given, sample


class SurfaceSpec(Spec):
    """What the ground is made of."""

    texture_probability: float = Field(default=0.85, ge=0, le=1)
    """How often the ground has a texture; else it has one colour."""
    textures: TextureSource = ProceduralTextures()
    """Where textures come from."""
    tile: Positive = LogUniform(low=0.3, high=1.5)
    """Side of a texture tile, in multiples of the region's radius."""
    hue_deg: Distribution = Uniform(low=0, high=360)
    """Hue of the tint."""
    saturation: Fraction = Uniform(low=0.0, high=0.25)
    """Strength of the tint."""
    brightness: NonNegative = Uniform(low=0.25, high=0.85)
    """Factor on the texture's colours, or brightness of the plain ground."""
    roughness: Fraction = Uniform(low=0.4, high=1.0)
    """Roughness."""
    half_size: Annotated[Distribution, bounded(2.0, 1000.0)] = LogUniform(low=2.5, high=40.0)
    """Half the ground's side, in multiples of the region's radius: a table top, or a floor to the horizon."""


def draw_ground(surface: SurfaceSpec, extent_m: float, draws: Draws) -> Ground:
    """Draws the ground z = 0 around a region of a radius."""
    rng = draws.stream("ground")
    hue, saturation, brightness = (
        sample(distribution, rng) for distribution in (surface.hue_deg, surface.saturation, surface.brightness)
    )
    tint = describe_given(hue_deg=surface.hue_deg, saturation=surface.saturation, brightness=surface.brightness)
    draws.note("ground.tint", f"placement.surface: {tint}")
    tile = draws.number("ground.tile_m", "placement.surface.tile", surface.tile, rng) * extent_m
    half_size = draws.number("ground.half_size_m", "placement.surface.half_size", surface.half_size, rng) * extent_m
    roughness = draws.number("ground.roughness", "placement.surface.roughness", surface.roughness, rng)
    texture = draw_texture(surface.textures, rng) if rng.random() < surface.texture_probability else None
    draws.note("ground.texture", f"placement.surface.textures with probability {surface.texture_probability:g}")
    return Ground(
        z_m=0.0,
        half_size_m=half_size,
        tint=color_from_hsv(hue, saturation, brightness),
        roughness=roughness,
        texture=texture,
        tile_m=tile,
    )
