"""Materials as plain numbers and the keys of the pictures on them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from meshsight.records.mesh import Mesh
from meshsight.records.scene import AssetSource, Ground, SceneObject, Wall
from meshsight.render.surface import Texture, named_texture, override_of, resolve_surface
from meshsight.render.tone import flat_color

Look = dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Painter:
    """Makes looks; `want` is told each texture and whether it holds colours, and returns its key."""

    assets: AssetSource
    want: Callable[[Texture, bool], str]

    def part(self, thing: SceneObject, mesh: Mesh, index: int) -> Look:
        """Returns the look of one part of an object."""
        override = override_of(thing, index)
        surface = resolve_surface(mesh, index, override, self.assets)
        if surface.flat is not None:
            return {"flat": flat_color(surface.flat).tolist()}
        glow = surface.emissive if override.glow is None else override.glow
        return {
            "flat": None,
            "has_paint": mesh.parts[index].vertex_colors is not None,
            "color": list(surface.base_color),
            "texture": self._key(surface.base_color_texture),
            "metallic": surface.metallic,
            "roughness": surface.roughness,
            "glossy_texture": self._key(surface.metallic_roughness_texture, is_color=False),
            "metallic_from_texture": surface.metallic_from_texture,
            "roughness_from_texture": surface.roughness_from_texture,
            "glow": list(glow),
            "glow_texture": self._named(override.glow_texture),
            "recolouring": surface.recolouring,
        }

    def plane(self, plane: Ground | Wall) -> Look:
        """Returns the look of the ground or a wall."""
        return {
            "flat": None,
            "has_paint": False,
            "color": list(plane.tint),
            "texture": self._named(plane.texture),
            "metallic": plane.metallic,
            "roughness": plane.roughness,
            "glossy_texture": None,
            "metallic_from_texture": False,
            "roughness_from_texture": False,
            "glow": list(plane.glow),
            "glow_texture": self._named(plane.glow_texture),
            "recolouring": None,
        }

    def _named(self, ref: str | None) -> str | None:
        return None if ref is None else self._key(named_texture(ref, self.assets))

    def _key(self, texture: Texture | None, *, is_color: bool = True) -> str | None:
        return None if texture is None else self.want(texture, is_color)
