"""Spot and area lights of a frame in one uniform buffer, for scenes that have any; see `shaders/lamps.glsl`."""

from collections.abc import Sequence

import moderngl
import numpy as np

from meshsight.core.errors import RenderError
from meshsight.core.pose import Matrix4
from meshsight.records.scene import PointLight, Scene
from meshsight.render.gl.frame_block import MAX_POINT_LIGHTS
from meshsight.render.gl.lamp_shadows import MAX_LAMP_SHADOWS, LampShadows
from meshsight.render.lamps import Lamp, lamps_of

MAX_LAMPS = 128
LAMP_SIZES = (f"MAX_LAMPS {MAX_LAMPS}", f"MAX_LAMP_SHADOWS {MAX_LAMP_SHADOWS}")
LAMP_BINDING = 1
_NO_SHADOW = -1

_BLOCK = np.dtype(
    [
        ("count", "f4", 4),
        ("shadow_texels", "f4", (MAX_LAMP_SHADOWS, 4)),
        ("shadow_from_cam", "f4", (MAX_LAMP_SHADOWS, 4, 4)),
        ("position", "f4", (MAX_LAMPS, 4)),
        ("intensity", "f4", (MAX_LAMPS, 4)),
        ("axis", "f4", (MAX_LAMPS, 4)),
        ("cone", "f4", (MAX_LAMPS, 4)),
    ]
)


class LampBlock:
    """The uniform buffer of one context."""

    def __init__(self, context: moderngl.Context) -> None:
        self._buffer = context.buffer(reserve=_BLOCK.itemsize, dynamic=True)

    def fill(self, scene: Scene, lamps: Sequence[Lamp], T_cam_world: Matrix4, shadows: LampShadows) -> None:
        """Writes the lamps of a scene and binds the buffer."""
        block = np.zeros((), dtype=_BLOCK)
        texels = shadows.map_size * np.array([MAX_LAMP_SHADOWS, 1])
        block["count"] = (len(lamps), *(0.5 / texels), 0)
        for column, clip_from_world in enumerate(shadows.clip_from_world):
            block["shadow_from_cam"][column] = (clip_from_world @ scene.T_world_cam).T
            block["shadow_texels"][column, 0] = shadows.texel[column]
        for i, lamp in enumerate(lamps):
            light = lamp.light
            column = _NO_SHADOW if isinstance(light, PointLight) else shadows.columns.get(light, _NO_SHADOW)
            position = T_cam_world[:3, :3] @ lamp.position + T_cam_world[:3, 3]
            block["position"][i] = (*position, lamp.cell_m2 / np.pi)
            block["intensity"][i] = (*lamp.intensity, column)
            block["axis"][i] = (*(T_cam_world[:3, :3] @ lamp.axis), 0)
            block["cone"][i] = (lamp.cos_outer, 1.0 / lamp.softness, lamp.cell_m2 > 0, 0)
        self._buffer.write(block.tobytes())
        self._buffer.bind_to_uniform_block(LAMP_BINDING)

    def release(self) -> None:
        """Frees the buffer."""
        self._buffer.release()


def lamps_of_frame(scene: Scene, cells_per_side: int) -> list[Lamp]:
    """Returns the lamps that are drawn beside suns and the first point lights; many areas are cut more coarsely.

    Raises:
        RenderError: there are too many.
    """
    for cells in range(cells_per_side, 0, -1):
        lamps = lamps_of(scene, cells, MAX_POINT_LIGHTS)
        if len(lamps) <= MAX_LAMPS:
            return lamps
    raise RenderError(
        f"frame {scene.frame}: renderer 'raster' draws up to {MAX_LAMPS} spot, area and further point lights, "
        f"found {len(lamps_of(scene, 1, MAX_POINT_LIGHTS))}"
    )
