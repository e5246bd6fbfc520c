"""What ground and walls look like in one frame."""

from dataclasses import dataclass

import numpy as np

from meshsight.records.scene import Rgb
from meshsight.specs.materials import PlaneMaterial
from meshsight.synthesis.colors import color_from_hsv, describe_color, draw_color, scale_color
from meshsight.synthesis.draws import Draws
from meshsight.synthesis.pictures import draw_texture
from meshsight.synthesis.sampling import describe, describe_given, sample


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaneDraw:
    """Which plane is drawn, by whom.

    Attributes:
        path: of the plane in the Scene, such as `walls[0]`; streams are named by it, too.
        aspect: what the streams' names begin with.
        randomiser: path of the material in the recipe.
    """

    path: str
    aspect: str
    randomiser: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Glow:
    """What a plane emits."""

    glow: Rgb
    glow_texture: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaneLook:
    """What was drawn, in the words of the records."""

    tint: Rgb
    roughness: float
    metallic: float
    texture: str | None
    tile_m: float
    glow: Glow


def draw_plane(spec: PlaneMaterial, which: PlaneDraw, radius_m: float, draws: Draws) -> PlaneLook:
    """Draws a wall's material; the tile is in multiples of a radius unless it is given in metres."""
    rng = draws.stream(which.aspect)
    tint = draw_tint(spec, which, draws, rng)
    roughness = draws.number(f"{which.path}.roughness", f"{which.randomiser}.roughness", spec.roughness, rng)
    return PlaneLook(
        tint=tint,
        roughness=roughness,
        texture=draw_plane_texture(spec, which, draws, rng),
        metallic=draw_metallic(spec, which, draws),
        tile_m=draw_tile_m(spec, which, draws, radius_m),
        glow=draw_glow(spec, which, draws),
    )


def draw_tint(spec: PlaneMaterial, which: PlaneDraw, draws: Draws, rng: np.random.Generator) -> Rgb:
    """Draws hue, saturation and brightness."""
    given = describe_given(hue_deg=spec.hue_deg, saturation=spec.saturation, brightness=spec.brightness)
    draws.note(f"{which.path}.tint", f"{which.randomiser}: {given}")
    return color_from_hsv(*(sample(drawn, rng) for drawn in (spec.hue_deg, spec.saturation, spec.brightness)))


def draw_plane_texture(spec: PlaneMaterial, which: PlaneDraw, draws: Draws, rng: np.random.Generator) -> str | None:
    """Draws whether there is a texture, and which."""
    draws.note(f"{which.path}.texture", f"{which.randomiser}.textures with probability {spec.texture_probability:g}")
    return draw_texture(spec.textures, rng) if rng.random() < spec.texture_probability else None


def draw_metallic(spec: PlaneMaterial, which: PlaneDraw, draws: Draws) -> float:
    """Draws the metallic value from its own stream."""
    rng = draws.stream(f"{which.aspect}.metallic")
    return draws.number(f"{which.path}.metallic", f"{which.randomiser}.metallic", spec.metallic, rng)


def draw_tile_m(spec: PlaneMaterial, which: PlaneDraw, draws: Draws, radius_m: float) -> float:
    """Draws the side of a tile from its own stream."""
    rng = draws.stream(f"{which.aspect}.tile")
    path, name = f"{which.path}.tile_m", f"{which.randomiser}.tile"
    if spec.tile_m is not None:
        return draws.number(path, f"{name}_m", spec.tile_m, rng)
    return draws.number(path, name, spec.tile, rng) * radius_m


def draw_glow(spec: PlaneMaterial, which: PlaneDraw, draws: Draws) -> Glow:
    """Draws what the plane emits from its own stream."""
    rng = draws.stream(f"{which.aspect}.glow")
    strength = sample(spec.glow, rng)
    if strength <= 0:
        return Glow(glow=(0.0, 0.0, 0.0), glow_texture=None)
    origin = f"{which.randomiser}.glow {describe(spec.glow)}, color {describe_color(spec.glow_color)}"
    draws.note(f"{which.path}.glow", origin)
    glow = scale_color(draw_color(spec.glow_color, rng), strength)
    if spec.glow_textures is None:
        return Glow(glow=glow, glow_texture=None)
    draws.note(f"{which.path}.glow_texture", f"{which.randomiser}.glow_textures")
    return Glow(glow=glow, glow_texture=draw_texture(spec.glow_textures, rng))
