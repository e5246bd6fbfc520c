"""The lens on the GPU: what the shaders need to find the ray of a pixel. See `shaders/lens.glsl`."""

import moderngl
import numpy as np
from jaxtyping import Float

from meshsight.core.camera import Camera
from meshsight.core.lens import Lens
from meshsight.render.gl.programs import bind_sampler, set_uniform

_TABLE_SIZE = 2048


class LensUniforms:
    """Sets a program's lens; the table of one lens is kept."""

    def __init__(self, context: moderngl.Context) -> None:
        self._texture = context.texture((_TABLE_SIZE, 1), 1, dtype="f4")
        self._texture.filter = (moderngl.LINEAR, moderngl.LINEAR)
        self._texture.repeat_x = self._texture.repeat_y = False
        self._table_of: Camera | None = None
        self._table_end = 0.0

    def set(self, program: moderngl.Program, camera: Camera, unit: int) -> None:
        """Sets the uniforms of `lens.glsl` for a camera whose lens bends, and binds the table to a texture unit."""
        lens = camera.lens
        assert lens is not None
        if self._table_of != camera:
            self._table_end, ratios = _stretch_table(lens, camera)
            self._texture.write(ratios.astype(np.float32).tobytes())
            self._table_of = camera
        self._texture.use(unit)
        bind_sampler(program, "lens_table", unit)
        set_uniform(program, "lens_radial", (*lens.radial, lens.field_radius))
        set_uniform(program, "lens_tangential", lens.tangential)
        set_uniform(program, "lens_intrinsics", (camera.fx, camera.fy, camera.cx, camera.cy))
        set_uniform(program, "lens_table_end", self._table_end)

    def release(self) -> None:
        """Frees the table."""
        self._texture.release()


def _stretch_table(lens: Lens, camera: Camera) -> tuple[float, Float[np.ndarray, " n"]]:
    """Returns the last distance of the table, and the stretch at evenly spaced distances up to it.

    It reaches to the corner of the silhouette canvas, or to the edge of the lens's field.
    """
    height, width = camera.size_hw
    corners = np.array([[u, v] for u in (-width, 2 * width) for v in (-height, 2 * height)], dtype=np.float64)
    reach = np.linalg.norm((corners - (camera.cx, camera.cy)) / (camera.fx, camera.fy), axis=1).max()
    seen, real = lens.radial_table
    end = min(float(reach), float(seen[-1]))
    distances = np.linspace(0.0, end, _TABLE_SIZE)
    ratios = np.interp(distances[1:], seen, real) / distances[1:]
    return end, np.concatenate([[1.0], ratios])
