"""Changes of materials, drawn for one object and for single parts of it."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np

from meshsight.core.errors import AssetError
from meshsight.records.mesh import Mesh
from meshsight.records.scene import MaterialOverride, PartMaterial, Rgb
from meshsight.specs.materials import MaterialChange, MaterialJitter, PartChange
from meshsight.specs.ranges import AnyDistribution
from meshsight.synthesis.colors import color_from_hsv, describe_color, draw_color, scale_color
from meshsight.synthesis.draws import Draws
from meshsight.synthesis.pictures import draw_texture
from meshsight.synthesis.sampling import describe, sample

UNCHANGED = MaterialOverride()
_IN_RECIPE = {"hue_shift_rad": "hue_shift_deg", "saturation": "saturation_factor"}
"""Names that a recipe has for values of a scene, where they are others."""


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


def draw_material(spec: MaterialChange, which: MaterialDraw, draws: Draws) -> MaterialOverride:
    """Draws the changes of one object's materials, each from its own stream."""
    if draws.stream(which.aspect).random() >= spec.probability:
        draws.note(which.path, f"{which.randomiser}: unchanged with probability {1.0 - spec.probability:g}")
        return UNCHANGED
    return MaterialOverride(
        tint=_draw_tint(spec, which, draws),
        metallic=_draw_factor("metallic", spec.metallic, spec.metallic_probability, which, draws),
        roughness=_draw_factor("roughness", spec.roughness, spec.roughness_probability, which, draws),
        color=_draw_color(spec, which, draws),
        texture=_draw_swap(spec, which, draws),
        glow=_draw_glow(spec, which, draws),
        glow_texture=_draw_glow_texture(spec, which, draws),
        hue_shift_rad=math.radians(_draw_factor("hue_shift_rad", spec.hue_shift_deg, 1.0, which, draws) or 0.0),
        saturation=_draw_saturation(spec, which, draws),
    )


def draw_part_materials(
    spec: MaterialJitter, which: MaterialDraw, mesh: Mesh, draws: Draws
) -> tuple[PartMaterial, ...]:
    """Draws the changes of single parts; parts that match several entries take the last.

    Args:
        spec: the recipe's changes.
        which: the whole object's, whose path ends in `.material`.
        mesh: what has the parts.
        draws: the frame's draws.

    Raises:
        AssetError: the mesh has no such part.
    """
    found: dict[int, MaterialChange] = {}
    entries: dict[int, int] = {}
    for index, entry in enumerate(spec.parts):
        for part in _matching(entry, mesh, f"{which.randomiser}.parts[{index}]"):
            found[part], entries[part] = entry.changes, index
    made: list[PartMaterial] = []
    for place, part in enumerate(sorted(found)):
        draw = MaterialDraw(
            path=f"{which.path.removesuffix('.material')}.part_materials[{place}].material",
            aspect=f"{which.aspect}.parts[{part}]",
            randomiser=f"{which.randomiser}.parts[{entries[part]}]",
        )
        made.append(PartMaterial(part=part, material=draw_material(found[part], draw, draws)))
    return tuple(made)


def _matching(entry: PartChange, mesh: Mesh, where: str) -> Iterator[int]:
    names = [part.material.name for part in mesh.parts]
    for wanted in entry.parts:
        if isinstance(wanted, int):
            chosen = [wanted] if 0 <= wanted < len(names) else []
        else:
            chosen = [k for k, name in enumerate(names) if fnmatchcase(name.lower(), wanted.lower())]
        if not chosen and not entry.is_optional:
            known = ", ".join(f"{k} '{name}'" for k, name in enumerate(names))
            raise AssetError(
                f"{where}: mesh '{mesh.name}' has no part '{wanted}'; it has {known}. "
                "Correct it, or set is_optional: true"
            )
        yield from chosen


def _draw_tint(spec: MaterialChange, which: MaterialDraw, draws: Draws) -> Rgb:
    rng = draws.stream(f"{which.aspect}.tint")
    parts = {"hue_deg": spec.hue_deg, "saturation": spec.saturation, "brightness": spec.brightness}
    origin = ", ".join(f"{name} {describe(distribution)}" for name, distribution in parts.items())
    draws.note(f"{which.path}.tint", f"{which.randomiser}: {origin}")
    hue, saturation, brightness = (sample(distribution, rng) for distribution in parts.values())
    return color_from_hsv(hue, saturation, brightness)


def _draw_factor(
    name: str, distribution: AnyDistribution | None, probability: float, which: MaterialDraw, draws: Draws
) -> float | None:
    if distribution is None:
        return None
    rng = draws.stream(f"{which.aspect}.{name}")
    if not _happens(probability, rng):
        return None
    in_recipe = _IN_RECIPE.get(name, name)
    return draws.number(f"{which.path}.{name}", f"{which.randomiser}.{in_recipe}", distribution, rng)


def _draw_saturation(spec: MaterialChange, which: MaterialDraw, draws: Draws) -> float:
    drawn = _draw_factor("saturation", spec.saturation_factor, 1.0, which, draws)
    return 1.0 if drawn is None else drawn


def _happens(probability: float, rng: np.random.Generator) -> bool:
    """Draws whether something happens; what is certain draws nothing."""
    return probability >= 1.0 or bool(rng.random() < probability)


def _draw_color(spec: MaterialChange, which: MaterialDraw, draws: Draws) -> Rgb | None:
    if spec.color is None:
        return None
    rng = draws.stream(f"{which.aspect}.color")
    if not _happens(spec.color_probability, rng):
        return None
    draws.note(f"{which.path}.color", f"{which.randomiser}.color {describe_color(spec.color)}")
    return draw_color(spec.color, rng)


def _draw_swap(spec: MaterialChange, which: MaterialDraw, draws: Draws) -> str | None:
    rng = draws.stream(f"{which.aspect}.texture")
    if rng.random() >= spec.texture_probability:
        return None
    draws.note(f"{which.path}.texture", f"{which.randomiser}.textures with probability {spec.texture_probability:g}")
    return draw_texture(spec.textures, rng)


def _draw_glow(spec: MaterialChange, which: MaterialDraw, draws: Draws) -> Rgb | None:
    if spec.glow is None:
        return None
    rng = draws.stream(f"{which.aspect}.glow")
    if not _happens(spec.glow_probability, rng):
        return None
    origin = f"{which.randomiser}.glow {describe(spec.glow)}, color {describe_color(spec.glow_color)}"
    draws.note(f"{which.path}.glow", origin)
    return scale_color(draw_color(spec.glow_color, rng), sample(spec.glow, rng))


def _draw_glow_texture(spec: MaterialChange, which: MaterialDraw, draws: Draws) -> str | None:
    if f"{which.path}.glow" not in draws.origins or spec.glow_textures is None:
        return None
    draws.note(f"{which.path}.glow_texture", f"{which.randomiser}.glow_textures")
    return draw_texture(spec.glow_textures, draws.stream(f"{which.aspect}.glow_texture"))
