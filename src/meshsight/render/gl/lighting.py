"""What lights a frame: the uniform block that all its draws share, and the environment's maps on the GPU."""

from dataclasses import dataclass

import moderngl
import numpy as np

from meshsight.core.errors import RenderError
from meshsight.core.pose import Matrix4
from meshsight.records.scene import Scene
from meshsight.render.equirect import RadianceMap, rotation_env_world, shrink
from meshsight.render.gl.shadow import ShadowMaps
from meshsight.render.irradiance import IrradianceForms, irradiance_forms, rotate_forms
from meshsight.render.reflection import BASE_HEIGHT, NUM_LEVELS, reflection_pyramid
from meshsight.render.tone import gains
from meshsight.render.window import canvas_projection

MAX_LIGHTS = 4
FRAME_BINDING = 0
_IRRADIANCE_ROWS = 32
_MAX_SKY_ROWS = 1024

# The layout of `shaders/frame.glsl`: matrices are stored column by column.
_BLOCK = np.dtype(
    [
        ("clip_from_cam", "f4", (4, 4)),
        ("env_from_cam", "f4", (4, 4)),
        ("irradiance", "f4", (3, 4, 4)),
        ("gains", "f4", 4),
        ("counts", "f4", 4),
        ("shadow_offset", "f4", 4),
        ("shadow_from_cam", "f4", (MAX_LIGHTS, 4, 4)),
        ("sun_direction", "f4", (MAX_LIGHTS, 4)),
        ("sun_irradiance", "f4", (MAX_LIGHTS, 4)),
        ("point_position", "f4", (MAX_LIGHTS, 4)),
        ("point_intensity", "f4", (MAX_LIGHTS, 4)),
    ]
)


class FrameBlock:
    """The uniform buffer that holds camera, lights and exposure of the frame being drawn."""

    def __init__(self, context: moderngl.Context) -> None:
        self._buffer = context.buffer(reserve=_BLOCK.itemsize, dynamic=True)

    def fill(self, scene: Scene, T_cam_world: Matrix4, forms: IrradianceForms, shadows: ShadowMaps) -> None:
        """Writes a scene's values and binds the buffer.

        Raises:
            RenderError: more suns or point lights than the shaders hold.
        """
        if len(scene.suns) > MAX_LIGHTS or len(scene.point_lights) > MAX_LIGHTS:
            raise RenderError(
                f"frame {scene.frame}: renderer 'raster' draws up to {MAX_LIGHTS} suns and {MAX_LIGHTS} point lights, "
                f"found {len(scene.suns)} and {len(scene.point_lights)}"
            )
        block = np.zeros((), dtype=_BLOCK)
        env_from_cam = np.eye(4)
        env_from_cam[:3, :3] = rotation_env_world(scene.environment) @ scene.T_world_cam[:3, :3]
        block["clip_from_cam"] = canvas_projection(scene.camera, scene.near_m, scene.far_m).T
        block["env_from_cam"] = env_from_cam.T
        block["irradiance"] = rotate_forms(forms, env_from_cam[:3, :3])
        block["gains"] = (*gains(scene.sensor), scene.environment.strength)
        _fill_suns(block, scene, T_cam_world, shadows)
        for i, light in enumerate(scene.point_lights):
            block["point_position"][i, :3] = T_cam_world[:3, :3] @ light.position + T_cam_world[:3, 3]
            block["point_intensity"][i, :3] = light.intensity
        self._buffer.write(block.tobytes())
        self._buffer.bind_to_uniform_block(FRAME_BINDING)

    def release(self) -> None:
        """Frees the buffer."""
        self._buffer.release()


def _fill_suns(block: np.ndarray, scene: Scene, T_cam_world: Matrix4, shadows: ShadowMaps) -> None:
    ordered = [*shadows.suns, *(sun for sun in scene.suns if sun not in shadows.suns)]
    for i, sun in enumerate(ordered):
        block["sun_direction"][i, :3] = T_cam_world[:3, :3] @ sun.direction
        block["sun_irradiance"][i, :3] = sun.irradiance
    for i, clip_from_world in enumerate(shadows.clip_from_world):
        block["shadow_from_cam"][i] = (clip_from_world @ scene.T_world_cam).T
    block["counts"] = (len(shadows.suns), len(scene.suns), len(scene.point_lights), 0)
    block["shadow_offset"] = (shadows.texel_m, 1 / (MAX_LIGHTS * shadows.map_size), 1 / shadows.map_size, 0)


class EnvironmentMaps:
    """The reflection pyramid and the sky of the environment in use; the textures are made once and written anew."""

    def __init__(self, context: moderngl.Context) -> None:
        self._context = context
        self._pyramid = _map_texture(context, BASE_HEIGHT)
        self._pyramid.build_mipmaps(0, NUM_LEVELS - 1)
        self._pyramid.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
        self._sky = _map_texture(context, BASE_HEIGHT)
        self._loaded = _Loaded(None, np.zeros((3, 4, 4)))
        self._sky_of: RadianceMap | None = None

    def load(self, radiance: RadianceMap) -> IrradianceForms:
        """Uploads a map's reflections, unless they are there already, and returns its irradiance."""
        if self._loaded.radiance is not radiance:
            for level, blurred in enumerate(reflection_pyramid(radiance)):
                self._pyramid.write(_texels(blurred), level=level)
            self._loaded = _Loaded(radiance, irradiance_forms(shrink(radiance, _IRRADIANCE_ROWS)))
        return self._loaded.forms

    def bind_reflections(self, unit: int) -> None:
        """Binds the pyramid of the loaded map."""
        self._pyramid.use(unit)

    def bind_sky(self, radiance: RadianceMap, unit: int) -> None:
        """Binds a map at its own resolution, at most 1024 rows, to be seen directly."""
        if self._sky_of is not radiance:
            rows = min(radiance.shape[0], _MAX_SKY_ROWS)
            shown = radiance if radiance.shape[:2] == (rows, 2 * rows) else shrink(radiance, rows)
            if self._sky.height != rows:
                self._sky.release()
                self._sky = _map_texture(self._context, rows)
            self._sky.write(_texels(shown))
            self._sky_of = radiance
        self._sky.use(unit)

    def release(self) -> None:
        """Frees both textures."""
        self._pyramid.release()
        self._sky.release()


@dataclass(frozen=True, slots=True, eq=False)
class _Loaded:
    # Holding the array keeps its identity from being given to another one.
    radiance: RadianceMap | None
    forms: IrradianceForms


def _map_texture(context: moderngl.Context, rows: int) -> moderngl.Texture:
    texture = context.texture((2 * rows, rows), 3, dtype="f2", alignment=2)
    texture.filter = (moderngl.LINEAR, moderngl.LINEAR)
    texture.repeat_x, texture.repeat_y = True, False
    return texture


def _texels(radiance: RadianceMap) -> bytes:
    """Converts to half precision, whose largest number is 65504."""
    return np.minimum(radiance, 65504.0).astype(np.float16).tobytes()
