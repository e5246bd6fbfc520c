"""The environment's maps on the GPU: its reflections, and itself where it is seen directly."""

from dataclasses import dataclass

import moderngl
import numpy as np

from meshsight.render.equirect import RadianceMap, shrink
from meshsight.render.irradiance import IrradianceForms, irradiance_forms
from meshsight.render.reflection import BASE_HEIGHT, NUM_LEVELS, reflection_pyramid

_IRRADIANCE_ROWS = 32
_MAX_SKY_ROWS = 1024


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
