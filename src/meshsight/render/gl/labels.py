"""The exact labels: ids and planar depth of a frame, and every labelled object alone on the silhouette canvas.

Both are drawn without antialiasing, sampled at pixel centres, with the canvas as viewport. Ids travel as float32,
which holds them exactly (`base.MAX_INSTANCE_ID`), so that one target and one transfer bring id and depth together.
"""

from collections.abc import Sequence

import moderngl
import numpy as np
from jaxtyping import Float32, Int32

from meshsight.records.frame import Silhouette
from meshsight.render.gl.geometry import PartGeometry
from meshsight.render.gl.placed import Placed
from meshsight.render.gl.planes import PlacedPlane
from meshsight.render.gl.programs import Programs, set_uniform
from meshsight.render.gl.targets import SizedTarget
from meshsight.render.packing import pack_windows
from meshsight.render.silhouette import make_silhouette

# Objects that are cut by the near plane need the whole canvas each; beyond this they are drawn in several rounds.
_MAX_ATLAS_ROWS = 4096


class LabelPass:
    """Draws ids, depth and silhouettes in one context."""

    def __init__(self, context: moderngl.Context, programs: Programs) -> None:
        self._context = context
        self._program = programs.get("label.vert", "label.frag")
        self._labels = SizedTarget(context, components=2, dtype="f4", has_depth=True)
        self._atlas = SizedTarget(context, components=1, dtype="f1", has_depth=False)

    def draw_labels(
        self, size_hw: tuple[int, int], placed: Sequence[Placed], planes: Sequence[PlacedPlane]
    ) -> tuple[Int32[np.ndarray, "h w"], Float32[np.ndarray, "h w"]]:
        """Returns ids and planar depth in metres of objects that touch the image; both 0 where nothing is."""
        height, width = size_hw
        target = self._labels.at_least((width, height), exactly=True)
        target.use()
        target.viewport = (0, 0, width, height)
        target.clear(0.0, 0.0, 0.0, 0.0, depth=1.0)
        target.viewport = (-width, -height, 3 * width, 3 * height)
        self._context.enable_only(moderngl.DEPTH_TEST)
        for item in placed:
            item.set_culling(self._context, is_outside=item.is_before_camera)
            self._draw(item.cam_from_object, item.thing.instance_id, item.geometry.parts)
        self._context.disable(moderngl.CULL_FACE)
        for plane in planes:
            self._draw(plane.cam_from_plane, 0, [plane.geometry])
        data = np.frombuffer(target.read((0, 0, width, height), components=2, dtype="f4", alignment=1), np.float32)
        data = data.reshape(height, width, 2)
        return data[:, :, 0].astype(np.int32), np.ascontiguousarray(data[:, :, 1])

    def draw_silhouettes(
        self, size_hw: tuple[int, int], placed: Sequence[Placed], instance_ids: Int32[np.ndarray, "h w"]
    ) -> tuple[Silhouette, ...]:
        """Draws each object alone, as many as fit in one atlas, and reads them back together."""
        places, atlas_wh = pack_windows([(item.window.width, item.window.height) for item in placed])
        if atlas_wh[1] > _MAX_ATLAS_ROWS and len(placed) > 1:
            half = len(placed) // 2
            first = self.draw_silhouettes(size_hw, placed[:half], instance_ids)
            return first + self.draw_silhouettes(size_hw, placed[half:], instance_ids)
        target = self._atlas.at_least(atlas_wh, exactly=False)
        target.use()
        target.scissor = target.viewport = (0, 0, *target.size)
        target.clear()
        self._context.enable_only(moderngl.NOTHING)
        for item, place in zip(placed, places, strict=True):
            self._draw_alone(target, item, place, size_hw)
        rows = np.frombuffer(target.read((0, 0, target.width, atlas_wh[1]), components=1, alignment=1), np.uint8)
        atlas = rows.reshape(-1, target.width) > 0
        return tuple(
            make_silhouette(
                item.thing.instance_id,
                item.window,
                atlas[y : y + item.window.height, x : x + item.window.width],
                instance_ids,
            )
            for item, (x, y) in zip(placed, places, strict=True)
        )

    def _draw_alone(
        self, target: moderngl.Framebuffer, item: Placed, place: tuple[int, int], size_hw: tuple[int, int]
    ) -> None:
        """Draws one object's window of the canvas at a place of the atlas: the canvas is shifted by whole pixels."""
        height, width = size_hw
        window, (x, y) = item.window, place
        if window.width == 0 or window.height == 0:
            return
        target.viewport = (x - window.left - width, y - window.top - height, 3 * width, 3 * height)
        target.scissor = (x, y, window.width, window.height)
        item.set_culling(self._context, is_outside=item.is_before_camera)
        self._draw(item.cam_from_object, 1, item.geometry.parts)

    def _draw(self, matrix: np.ndarray, instance_id: int, parts: Sequence[PartGeometry]) -> None:
        set_uniform(self._program, "cam_from_object", matrix)
        set_uniform(self._program, "instance_id", instance_id)
        for part in parts:
            part.draw(self._program)

    def release(self) -> None:
        """Frees the targets."""
        self._labels.release()
        self._atlas.release()
