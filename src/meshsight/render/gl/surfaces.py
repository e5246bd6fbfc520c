"""The surface buffer: what is seen at every sample of the picture, before any light falls on it.

Shading it afterwards costs one evaluation a pixel, however small the triangles are: see
`docs/decisions/0002-light-falls-on-a-surface-buffer.md`.
"""

from collections.abc import Sequence
from itertools import chain

import moderngl
import numpy as np

from meshsight.records.scene import AssetSource
from meshsight.render.gl.geometry import PartGeometry
from meshsight.render.gl.placed import Placed
from meshsight.render.gl.planes import PlacedPlane
from meshsight.render.gl.programs import Programs, bind_sampler, set_uniform
from meshsight.render.gl.textures import Textures
from meshsight.render.surface import Surface, override_of, resolve_surface
from meshsight.render.tone import flat_color

_BASE_UNIT, _GLOSS_UNIT, _GLOW_UNIT = 0, 1, 2


class SurfaceBuffer:
    """Textures of one size: albedo and metallic, normal and roughness, depth, and light that surfaces emit."""

    def __init__(self, context: moderngl.Context, size_wh: tuple[int, int]) -> None:
        self.size_wh = size_wh
        self.albedo_metallic = context.texture(size_wh, 4)
        self.normal_roughness = context.texture(size_wh, 4, dtype="f2")
        self.emission = context.texture(size_wh, 4, dtype="f2")
        self.depth = context.depth_texture(size_wh)
        self.depth.compare_func = ""
        for texture in (self.albedo_metallic, self.normal_roughness, self.emission, self.depth):
            texture.filter = (moderngl.LINEAR, moderngl.LINEAR)
            texture.repeat_x = texture.repeat_y = False
        plain = [self.albedo_metallic, self.normal_roughness]
        self._plain = context.framebuffer(plain, self.depth)
        self._emitting = context.framebuffer([*plain, self.emission], self.depth)

    def target(self, *, has_emission: bool) -> moderngl.Framebuffer:
        """Returns the framebuffer that draws into the textures."""
        return self._emitting if has_emission else self._plain

    def release(self) -> None:
        """Frees everything."""
        for item in (self._plain, self._emitting):
            item.release()
        for texture in (self.albedo_metallic, self.normal_roughness, self.emission, self.depth):
            texture.release()


class SurfacePass:
    """Draws objects, ground and walls into the surface buffer of one context."""

    def __init__(
        self, context: moderngl.Context, programs: Programs, textures: Textures, samples_per_side: int
    ) -> None:
        self._context = context
        self._programs = programs
        self._textures = textures
        self._samples_per_side = samples_per_side
        self._buffer: SurfaceBuffer | None = None

    def draw(
        self, size_hw: tuple[int, int], placed: Sequence[Placed], planes: Sequence[PlacedPlane], assets: AssetSource
    ) -> tuple[SurfaceBuffer, bool]:
        """Draws what can be seen from front to back; returns the buffer and whether anything emits light.

        Args:
            size_hw: of the picture that the frame's block describes.
            placed: objects that touch the picture.
            planes: ground and walls.
            assets: where textures come from.
        """
        height, width = (side * self._samples_per_side for side in size_hw)
        seen = sorted(placed, key=lambda item: item.distance)
        surfaces = [_surfaces_of(item, assets) for item in seen]
        has_emission = any(any(each.emissive) for each in chain(*surfaces, (plane.surface for plane in planes)))
        buffer = self._buffer_of((width, height))
        target = buffer.target(has_emission=has_emission)
        target.use()
        target.viewport = (0, 0, width, height)
        target.clear(depth=1.0)
        target.viewport = (-width, -height, 3 * width, 3 * height)
        self._context.enable_only(moderngl.DEPTH_TEST)
        for item, own in zip(seen, surfaces, strict=True):
            item.set_culling(self._context, is_outside=item.is_before_camera)
            for part, surface in zip(item.geometry.parts, own, strict=True):
                self._draw_part(part, item.cam_from_object, surface, (1.0, 1.0), has_emission)
        self._context.disable(moderngl.CULL_FACE)
        for plane in planes:
            self._draw_part(plane.geometry, plane.cam_from_plane, plane.surface, plane.uv_scale, has_emission)
        return buffer, has_emission

    def _buffer_of(self, size_wh: tuple[int, int]) -> SurfaceBuffer:
        if self._buffer is None or self._buffer.size_wh != size_wh:
            self.release()
            self._buffer = SurfaceBuffer(self._context, size_wh)
        return self._buffer

    def _draw_part(
        self,
        part: PartGeometry,
        matrix: np.ndarray,
        surface: Surface,
        uv_scale: tuple[float, float],
        has_emission: bool,
    ) -> None:
        program = self._program_for(surface, has_emission)
        set_uniform(program, "cam_from_object", matrix)
        set_uniform(program, "normal_scale", 1.0 / float(np.linalg.norm(matrix[:3, 0])))
        set_uniform(program, "uv_scale", uv_scale)
        paint = surface.base_color if surface.flat is None else flat_color(surface.flat)
        set_uniform(program, "paint", (*paint, surface.flat is not None))
        from_texture = (surface.roughness_from_texture, surface.metallic_from_texture)
        set_uniform(program, "gloss", (surface.roughness, surface.metallic, *from_texture))
        set_uniform(program, "emissive", surface.emissive)
        if surface.recolouring is not None:
            set_uniform(program, "recolouring", surface.recolouring)
        part.draw(program)

    def _program_for(self, surface: Surface, has_emission: bool) -> moderngl.Program:
        """Returns the program with the texture reads that a surface needs, its textures bound."""
        defines = ["HAS_EMISSION"] if has_emission else []
        if surface.recolouring is not None:
            defines.append("HAS_RECOLOURING")
        if surface.base_color_texture is not None:
            defines.append("HAS_BASE_TEXTURE")
            self._textures.bind(surface.base_color_texture, _BASE_UNIT, is_color=True)
        gloss = surface.metallic_roughness_texture
        if gloss is not None and (surface.roughness_from_texture or surface.metallic_from_texture):
            defines.append("HAS_GLOSS_TEXTURE")
            self._textures.bind(gloss, _GLOSS_UNIT, is_color=False)
        if has_emission and surface.emissive_texture is not None:
            defines.append("HAS_GLOW_TEXTURE")
            self._textures.bind(surface.emissive_texture, _GLOW_UNIT, is_color=True)
        program = self._programs.get("surface.vert", "surface.frag", *defines)
        bind_sampler(program, "base_color_texture", _BASE_UNIT)
        bind_sampler(program, "metallic_roughness_texture", _GLOSS_UNIT)
        bind_sampler(program, "glow_texture", _GLOW_UNIT)
        return program

    def release(self) -> None:
        """Frees the buffer."""
        if self._buffer is not None:
            self._buffer.release()
            self._buffer = None


def _surfaces_of(item: Placed, assets: AssetSource) -> list[Surface]:
    """Returns what each part of an object is made of."""
    mesh, thing = item.geometry.mesh, item.thing
    return [resolve_surface(mesh, index, override_of(thing, index), assets) for index in range(len(mesh.parts))]
