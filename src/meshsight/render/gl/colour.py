"""The picture: objects and ground shaded and antialiased, the background behind them."""

from collections.abc import Sequence

import moderngl
import numpy as np

from meshsight.core.images import RgbImage
from meshsight.records.scene import AssetSource, Scene
from meshsight.render.backdrop import draw_backdrop
from meshsight.render.gl.geometry import PartGeometry
from meshsight.render.gl.ground import PlacedGround
from meshsight.render.gl.lighting import EnvironmentMaps
from meshsight.render.gl.placed import Placed
from meshsight.render.gl.programs import Programs, bind_sampler, set_uniform
from meshsight.render.gl.shadow import ShadowMaps
from meshsight.render.gl.targets import SizedTarget
from meshsight.render.gl.textures import Textures
from meshsight.render.surface import Surface, resolve_surface
from meshsight.render.tone import flat_color

_BASE_UNIT, _GLOSS_UNIT, _ENVIRONMENT_UNIT, _SHADOW_UNIT, _BACKGROUND_UNIT = range(5)
_UNITS = {
    "base_color_texture": _BASE_UNIT,
    "metallic_roughness_texture": _GLOSS_UNIT,
    "environment": _ENVIRONMENT_UNIT,
    "shadow_atlas": _SHADOW_UNIT,
    "sky": _BACKGROUND_UNIT,
    "picture": _BACKGROUND_UNIT,
}


class ColourPass:
    """Draws the picture in one context."""

    def __init__(self, context: moderngl.Context, programs: Programs, textures: Textures, samples: int) -> None:
        self._context = context
        self._programs = programs
        self._textures = textures
        self._target = SizedTarget(context, components=4, dtype="f1", has_depth=True, samples=samples)
        self._resolved = SizedTarget(context, components=4, dtype="f1", has_depth=False) if samples else None
        self._picture: moderngl.Texture | None = None
        self._screen = context.buffer(np.array([-1, -1, 3, -1, -1, 3], dtype=np.float32).tobytes())
        self._screen_arrays: dict[moderngl.Program, moderngl.VertexArray] = {}

    def draw(self, scene: Scene, placed: Sequence[Placed], ground: PlacedGround | None, assets: AssetSource) -> None:
        """Draws objects from front to back, then the ground; the frame's block, shadows and environment are bound."""
        height, width = scene.camera.size_hw
        target = self._target.at_least((width, height), exactly=True)
        target.use()
        target.viewport = (0, 0, width, height)
        target.clear(depth=1.0)
        target.viewport = (-width, -height, 3 * width, 3 * height)
        self._context.enable_only(moderngl.DEPTH_TEST)
        for item in sorted(placed, key=lambda each: each.distance):
            if item.window.touches_image(scene.camera.size_hw):
                self._draw_object(item, assets)
        if ground is not None:
            self._shade(ground.geometry, ground.cam_from_ground, ground.surface, ground.uv_scale)

    def _draw_object(self, item: Placed, assets: AssetSource) -> None:
        for index, part in enumerate(item.geometry.parts):
            surface = resolve_surface(item.geometry.mesh, index, item.thing.material, assets)
            self._shade(part, item.cam_from_object, surface, 1.0)

    def _shade(self, part: PartGeometry, matrix: np.ndarray, surface: Surface, uv_scale: float) -> None:
        program = self._program_for(surface)
        set_uniform(program, "cam_from_object", matrix)
        if surface.flat is not None:
            set_uniform(program, "encoded_color", flat_color(surface.flat))
        else:
            set_uniform(program, "normal_scale", 1.0 / float(np.linalg.norm(matrix[:3, 0])))
            set_uniform(program, "uv_scale", (uv_scale, uv_scale))
            set_uniform(program, "base_color", surface.base_color)
            set_uniform(program, "emissive", surface.emissive)
            set_uniform(program, "roughness_metallic", (surface.roughness, surface.metallic))
            set_uniform(program, "is_from_texture", (surface.roughness_from_texture, surface.metallic_from_texture))
        part.draw(program)

    def _program_for(self, surface: Surface) -> moderngl.Program:
        """Returns the program with the texture reads that a surface needs, its textures bound."""
        if surface.flat is not None:
            return self._programs.get("label.vert", "flat.frag")
        defines: list[str] = []
        if surface.base_color_texture is not None:
            defines.append("HAS_BASE_TEXTURE")
            self._textures.bind(surface.base_color_texture, _BASE_UNIT, is_color=True)
        gloss = surface.metallic_roughness_texture
        if gloss is not None and (surface.roughness_from_texture or surface.metallic_from_texture):
            defines.append("HAS_GLOSS_TEXTURE")
            self._textures.bind(gloss, _GLOSS_UNIT, is_color=False)
        return self._with_units(self._programs.get("shade.vert", "shade.frag", *defines))

    def _with_units(self, program: moderngl.Program) -> moderngl.Program:
        for name, unit in _UNITS.items():
            bind_sampler(program, name, unit)
        return program

    def draw_background(self, scene: Scene, environment: EnvironmentMaps, assets: AssetSource) -> None:
        """Draws what is behind everything: the picture or colour of the scene, else its environment."""
        height, width = scene.camera.size_hw
        backdrop = draw_backdrop(scene, assets)
        if backdrop is None:
            program = self._with_units(self._programs.get("screen.vert", "sky.frag"))
            environment.bind_sky(assets.environment(scene.environment.ref), _BACKGROUND_UNIT)
            camera = scene.camera
            set_uniform(program, "intrinsics", (camera.fx, camera.fy, camera.cx, camera.cy))
        else:
            program = self._with_units(self._programs.get("screen.vert", "picture.frag"))
            self._upload_picture(backdrop).use(_BACKGROUND_UNIT)
        set_uniform(program, "size", (width, height))
        self._target.at_least((width, height), exactly=True).viewport = (0, 0, width, height)
        self._context.depth_func = "<="
        if program not in self._screen_arrays:
            self._screen_arrays[program] = self._context.vertex_array(program, self._screen, "in_position")
        self._screen_arrays[program].render(moderngl.TRIANGLES)
        self._context.depth_func = "<"

    def _upload_picture(self, picture: RgbImage) -> moderngl.Texture:
        size = (picture.shape[1], picture.shape[0])
        if self._picture is None or self._picture.size != size:
            if self._picture is not None:
                self._picture.release()
            self._picture = self._context.texture(size, 3, alignment=1)
            self._picture.filter = (moderngl.NEAREST, moderngl.NEAREST)
        self._picture.write(picture, alignment=1)
        return self._picture

    def read(self, size_hw: tuple[int, int]) -> RgbImage:
        """Resolves the samples and returns the picture."""
        height, width = size_hw
        target = self._target.at_least((width, height), exactly=True)
        if self._resolved is not None:
            resolved = self._resolved.at_least((width, height), exactly=True)
            self._context.copy_framebuffer(resolved, target)
            target = resolved
        data = target.read((0, 0, width, height), components=3, alignment=1)
        return np.frombuffer(data, np.uint8).reshape(height, width, 3)

    def release(self) -> None:
        """Frees targets, screen and picture."""
        for array in self._screen_arrays.values():
            array.release()
        self._screen.release()
        if self._picture is not None:
            self._picture.release()
        self._target.release()
        if self._resolved is not None:
            self._resolved.release()


def bind_lights(environment: EnvironmentMaps, shadows: ShadowMaps) -> None:
    """Binds the reflections and the shadow atlas to the units that shading reads."""
    environment.bind_reflections(_ENVIRONMENT_UNIT)
    shadows.bind(_SHADOW_UNIT)
