"""The picture: light on the surface buffer, and the background where nothing is in front of it."""

import moderngl
import numpy as np
from jaxtyping import Float

from meshsight.core.camera import Camera
from meshsight.core.images import RgbImage
from meshsight.records.scene import AssetSource, Scene
from meshsight.render.backdrop import draw_backdrop
from meshsight.render.gl.environment import EnvironmentMaps
from meshsight.render.gl.frame_block import MAX_POINT_LIGHTS
from meshsight.render.gl.lamp_block import LAMP_BINDING
from meshsight.render.gl.lamp_shadows import LampShadows
from meshsight.render.gl.lens import LensUniforms
from meshsight.render.gl.programs import Programs, bind_block, bind_sampler, set_uniform
from meshsight.render.gl.shadow import ShadowMaps
from meshsight.render.gl.surfaces import SurfaceBuffer
from meshsight.render.gl.targets import SizedTarget
from meshsight.render.wide import wide_camera

_SAMPLERS = (
    "albedo_metallic",
    "normal_roughness",
    "surface_depth",
    "emission",
    "environment",
    "shadow_atlas",
    "background",
    "lamp_atlas",
)


class ShadingPass:
    """Lights surface buffers in one context."""

    def __init__(self, context: moderngl.Context, programs: Programs, samples_per_side: int) -> None:
        self._context = context
        self._programs = programs
        self._samples_per_side = samples_per_side
        self._target = SizedTarget(context, components=4, dtype="f1", has_depth=False)
        self._lens = LensUniforms(context)
        self._picture: moderngl.Texture | None = None
        self._screen = context.buffer(np.array([-1, -1, 3, -1, -1, 3], dtype=np.float32).tobytes())
        self._screen_arrays: dict[moderngl.Program, moderngl.VertexArray] = {}

    def draw(
        self,
        scene: Scene,
        surfaces: tuple[SurfaceBuffer, bool],
        environment: EnvironmentMaps,
        shadows: tuple[ShadowMaps, LampShadows],
        has_lamps: bool,
        assets: AssetSource,
    ) -> RgbImage:
        """Returns the encoded picture; the frame's block is bound.

        Behind a lens, the surface buffer is what `wide_camera` sees of the scene's camera.
        """
        buffer, has_emission = surfaces
        height, width = scene.camera.size_hw
        backdrop = draw_backdrop(scene, assets)
        macros = [f"SAMPLES_PER_SIDE {self._samples_per_side}", *_light_macros(scene, shadows[0])]
        macros += ["HAS_LAMPS"] if has_lamps else []
        macros += ["HAS_EMISSION"] if has_emission else []
        macros += ["HAS_PICTURE"] if backdrop is not None else []
        macros += ["HAS_LENS"] if scene.camera.lens is not None else []
        program = self._program(macros)
        if scene.camera.lens is not None:
            self._lens.set(program, scene.camera, len(_SAMPLERS))
            set_uniform(program, "wide", _in_samples(scene.camera, buffer.size_wh))
        buffer.albedo_metallic.use(_SAMPLERS.index("albedo_metallic"))
        buffer.normal_roughness.use(_SAMPLERS.index("normal_roughness"))
        buffer.depth.use(_SAMPLERS.index("surface_depth"))
        buffer.emission.use(_SAMPLERS.index("emission"))
        environment.bind_reflections(_SAMPLERS.index("environment"))
        shadows[0].bind(_SAMPLERS.index("shadow_atlas"))
        shadows[1].bind(_SAMPLERS.index("lamp_atlas"))
        if backdrop is None:
            environment.bind_sky(assets.environment(scene.environment.ref), _SAMPLERS.index("background"))
        else:
            self._upload_picture(backdrop).use(_SAMPLERS.index("background"))
        target = self._target.at_least((width, height), exactly=True)
        target.use()
        target.viewport = (0, 0, width, height)
        self._context.enable_only(moderngl.NOTHING)
        self._screen_array(program).render(moderngl.TRIANGLES)
        data = target.read((0, 0, width, height), components=3, alignment=1)
        return np.frombuffer(data, np.uint8).reshape(height, width, 3)

    def _program(self, macros: list[str]) -> moderngl.Program:
        program = self._programs.get("shade.vert", "shade.frag", *macros)
        for unit, name in enumerate(_SAMPLERS):
            bind_sampler(program, name, unit)
        bind_block(program, "LampBlock", LAMP_BINDING)
        return program

    def _screen_array(self, program: moderngl.Program) -> moderngl.VertexArray:
        if program not in self._screen_arrays:
            self._screen_arrays[program] = self._context.vertex_array(program, self._screen, "in_position")
        return self._screen_arrays[program]

    def _upload_picture(self, picture: RgbImage) -> moderngl.Texture:
        size = (picture.shape[1], picture.shape[0])
        if self._picture is None or self._picture.size != size:
            if self._picture is not None:
                self._picture.release()
            self._picture = self._context.texture(size, 3, alignment=1)
            self._picture.filter = (moderngl.NEAREST, moderngl.NEAREST)
        self._picture.write(picture, alignment=1)
        return self._picture

    def release(self) -> None:
        """Frees target, screen and picture."""
        for array in self._screen_arrays.values():
            array.release()
        self._screen_arrays.clear()
        self._screen.release()
        self._lens.release()
        if self._picture is not None:
            self._picture.release()
        self._target.release()


def _in_samples(camera: Camera, size_wh: tuple[int, int]) -> Float[np.ndarray, "4"]:
    """Returns fx, fy, cx, cy of the camera that drew a surface buffer behind a lens, in the buffer's samples."""
    wide = wide_camera(camera)
    return np.array([wide.fx, wide.fy, wide.cx, wide.cy]) * (size_wh[0] / wide.size_hw[1])


def _light_macros(scene: Scene, shadows: ShadowMaps) -> list[str]:
    """Returns how many lights there are: known when the program is compiled, each is read at a fixed place."""
    return [
        f"NUM_SUNS {len(scene.suns)}",
        f"NUM_SHADOWS {len(shadows.suns)}",
        f"NUM_POINT_LIGHTS {min(len(scene.point_lights), MAX_POINT_LIGHTS)}",
    ]
