"""Changes of materials, drawn for one object."""

from dataclasses import dataclass

from meshsight.records.scene import MaterialOverride, Rgb
from meshsight.specs.materials import MaterialJitter
from meshsight.specs.ranges import AnyDistribution
from meshsight.synthesis.colors import color_from_hsv
from meshsight.synthesis.draws import Draws
from meshsight.synthesis.pictures import draw_texture
from meshsight.synthesis.sampling import describe, sample

UNCHANGED = MaterialOverride()


@dataclass(frozen=True, slots=True, kw_only=True)
class MaterialDraw:
    """Which object's materials are drawn, by whom.

    Attributes:
        path: of the override in the Scene, such as `objects[0].material`.
        aspect: what the streams' names begin with.
        randomiser: path of the jitter in the recipe.
    """

    path: str
    aspect: str
    randomiser: str


def draw_material(spec: MaterialJitter, which: MaterialDraw, draws: Draws) -> MaterialOverride:
    """Draws the changes of one object's materials, each from its own stream."""
    if draws.stream(which.aspect).random() >= spec.probability:
        draws.note(which.path, f"{which.randomiser}: unchanged with probability {1.0 - spec.probability:g}")
        return UNCHANGED
    return MaterialOverride(
        tint=_draw_tint(spec, which, draws),
        metallic=_draw_factor("metallic", spec.metallic, which, draws),
        roughness=_draw_factor("roughness", spec.roughness, which, draws),
        texture=_draw_swap(spec, which, draws),
    )


def _draw_tint(spec: MaterialJitter, which: MaterialDraw, draws: Draws) -> Rgb:
    rng = draws.stream(f"{which.aspect}.tint")
    parts = {"hue_deg": spec.hue_deg, "saturation": spec.saturation, "brightness": spec.brightness}
    origin = ", ".join(f"{name} {describe(distribution)}" for name, distribution in parts.items())
    draws.note(f"{which.path}.tint", f"{which.randomiser}: {origin}")
    hue, saturation, brightness = (sample(distribution, rng) for distribution in parts.values())
    return color_from_hsv(hue, saturation, brightness)


def _draw_factor(name: str, distribution: AnyDistribution | None, which: MaterialDraw, draws: Draws) -> float | None:
    if distribution is None:
        return None
    rng = draws.stream(f"{which.aspect}.{name}")
    return draws.number(f"{which.path}.{name}", f"{which.randomiser}.{name}", distribution, rng)


def _draw_swap(spec: MaterialJitter, which: MaterialDraw, draws: Draws) -> str | None:
    rng = draws.stream(f"{which.aspect}.texture")
    if rng.random() >= spec.texture_probability:
        return None
    draws.note(f"{which.path}.texture", f"{which.randomiser}.textures with probability {spec.texture_probability:g}")
    return draw_texture(spec.textures, rng)
