"""The exact labels through a lens that bends: ids, depth and silhouettes.

OpenGL draws straight edges, so each region of the image is drawn as a pinhole sees it, with several samples a pixel,
and every pixel looks up the sample next to its ray: an outline is off by half a sample at most, and the depth, which
follows the plane of the sample's triangle, by nothing.
"""

from collections.abc import Callable, Iterator, Sequence

import moderngl
import numpy as np
from jaxtyping import Float, Float32, Int32

from meshsight.core.camera import Camera, unproject
from meshsight.records.frame import Silhouette
from meshsight.records.scene import Scene
from meshsight.render.gl.geometry import PartGeometry
from meshsight.render.gl.lens import LensUniforms
from meshsight.render.gl.placed import Placed
from meshsight.render.gl.planes import PlacedPlane
from meshsight.render.gl.programs import Programs, bind_sampler, set_uniform
from meshsight.render.gl.targets import SizedTarget
from meshsight.render.silhouette import make_silhouette
from meshsight.render.window import Window, canvas_projection

_SAMPLES_PER_PIXEL = 4.0
_TILE_PX = 192
_MAX_SAMPLES = 4096
_GRID = 17
_SAMPLES_UNIT, _TABLE_UNIT = 0, 1


class LensLabelPass:
    """Draws labels through the lens of a scene's camera in one context."""

    def __init__(self, context: moderngl.Context, programs: Programs) -> None:
        self._context = context
        self._draw_program = programs.get("label.vert", "wide_label.frag", "OWN_CLIP")
        self._look_program = programs.get("lens_label.vert", "lens_label.frag")
        self._lens = LensUniforms(context)
        self._wide: moderngl.Texture | None = None
        self._wide_target: moderngl.Framebuffer | None = None
        self._labels = SizedTarget(context, components=2, dtype="f4", has_depth=False)
        self._screen = context.buffer(np.array([-1, -1, 3, -1, -1, 3], dtype=np.float32).tobytes())
        self._screen_array = context.vertex_array(self._look_program, self._screen, "in_position")

    def draw_labels(
        self, scene: Scene, placed: Sequence[Placed], planes: Sequence[PlacedPlane]
    ) -> tuple[Int32[np.ndarray, "h w"], Float32[np.ndarray, "h w"]]:
        """Returns ids and planar depth in metres; both 0 where nothing is."""

        def draw(tile: Window) -> None:
            for item in placed:
                if _overlap(item.window, tile):
                    item.set_culling(self._context, is_outside=item.is_before_camera)
                    self._draw(item.cam_from_object, item.thing.instance_id, item.geometry.parts)
            self._context.disable(moderngl.CULL_FACE)
            for plane in planes:
                self._draw(plane.cam_from_plane, 0, [plane.geometry])

        height, width = scene.camera.size_hw
        data = self._look_at(scene, Window(0, 0, width, height, is_cut=False), draw)
        return data[:, :, 0].astype(np.int32), np.ascontiguousarray(data[:, :, 1])

    def draw_silhouettes(
        self, scene: Scene, placed: Sequence[Placed], instance_ids: Int32[np.ndarray, "h w"]
    ) -> tuple[Silhouette, ...]:
        """Draws each object alone over its window."""
        return tuple(self._draw_alone(scene, item, instance_ids) for item in placed)

    def _draw_alone(self, scene: Scene, item: Placed, instance_ids: Int32[np.ndarray, "h w"]) -> Silhouette:
        def draw(tile: Window) -> None:
            item.set_culling(self._context, is_outside=item.is_before_camera)
            self._draw(item.cam_from_object, 1, item.geometry.parts)

        alone = self._look_at(scene, item.window, draw)[:, :, 0] > 0
        return make_silhouette(item.thing.instance_id, item.window, alone, instance_ids)

    def _look_at(self, scene: Scene, window: Window, draw: Callable[[Window], None]) -> Float32[np.ndarray, "wh ww 2"]:
        """Returns id and depth of each pixel of a window, tile by tile."""
        data = np.zeros((window.height, window.width, 2), dtype=np.float32)
        for tile in _tiles(window):
            region = _region_of(tile, scene.camera)
            if region is None:
                continue
            self._draw_region(scene, region, tile, draw)
            rows = slice(tile.top - window.top, tile.bottom - window.top)
            columns = slice(tile.left - window.left, tile.right - window.left)
            data[rows, columns] = self._resolve(scene.camera, region, tile)
        return data

    def _draw_region(self, scene: Scene, region: Camera, tile: Window, draw: Callable[[Window], None]) -> None:
        height, width = region.size_hw
        target = self._wide_of((width, height))
        target.use()
        target.viewport = (0, 0, *target.size)
        target.clear(0.0, 0.0, 0.0, 0.0, depth=1.0)
        target.viewport = (-width, -height, 3 * width, 3 * height)
        self._context.enable_only(moderngl.DEPTH_TEST)
        set_uniform(self._draw_program, "region_from_cam", canvas_projection(region, scene.near_m, scene.far_m))
        draw(tile)

    def _draw(self, matrix: np.ndarray, instance_id: int, parts: Sequence[PartGeometry]) -> None:
        set_uniform(self._draw_program, "cam_from_object", matrix)
        set_uniform(self._draw_program, "instance_id", instance_id)
        for part in parts:
            part.draw(self._draw_program)

    def _resolve(self, camera: Camera, region: Camera, tile: Window) -> Float32[np.ndarray, "th tw 2"]:
        program, size = self._look_program, (tile.width, tile.height)
        target = self._labels.at_least((_TILE_PX, _TILE_PX), exactly=True)
        target.use()
        target.viewport = (0, 0, *size)
        self._context.enable_only(moderngl.NOTHING)
        assert self._wide is not None
        self._wide.use(_SAMPLES_UNIT)
        bind_sampler(program, "wide_samples", _SAMPLES_UNIT)
        self._lens.set(program, camera, _TABLE_UNIT)
        set_uniform(program, "wide", (region.fx, region.fy, region.cx, region.cy))
        set_uniform(program, "wide_size", (region.size_hw[1], region.size_hw[0]))
        set_uniform(program, "origin", (tile.left, tile.top))
        self._screen_array.render(moderngl.TRIANGLES)
        data = target.read((0, 0, *size), components=2, dtype="f4", alignment=1)
        return np.frombuffer(data, np.float32).reshape(tile.height, tile.width, 2)

    def _wide_of(self, size_wh: tuple[int, int]) -> moderngl.Framebuffer:
        """Returns a target of at least this size, whose texture is `_wide`."""
        held = self._wide_target
        if held is not None and held.width >= size_wh[0] and held.height >= size_wh[1]:
            return held
        wanted = size_wh if held is None else (max(held.width, size_wh[0]), max(held.height, size_wh[1]))
        self._release_wide()
        self._wide = self._context.texture(wanted, 4, dtype="f4")
        self._wide.filter = (moderngl.NEAREST, moderngl.NEAREST)
        self._wide_target = self._context.framebuffer([self._wide], self._context.depth_renderbuffer(wanted))
        return self._wide_target

    def _release_wide(self) -> None:
        if self._wide_target is not None and self._wide is not None:
            depth = self._wide_target.depth_attachment
            self._wide_target.release()
            self._wide.release()
            if depth is not None:
                depth.release()

    def release(self) -> None:
        """Frees targets, screen and table."""
        self._release_wide()
        self._labels.release()
        self._screen_array.release()
        self._screen.release()
        self._lens.release()


def _tiles(window: Window) -> Iterator[Window]:
    for top in range(window.top, window.bottom, _TILE_PX):
        for left in range(window.left, window.right, _TILE_PX):
            right, bottom = min(left + _TILE_PX, window.right), min(top + _TILE_PX, window.bottom)
            yield Window(left, top, right, bottom, is_cut=window.is_cut)


def _overlap(one: Window, other: Window) -> bool:
    is_apart = one.right <= other.left or other.right <= one.left or one.bottom <= other.top or other.bottom <= one.top
    return not is_apart and one.width > 0 and one.height > 0


def _region_of(tile: Window, camera: Camera) -> Camera | None:
    """Returns the pinhole camera that sees what a tile shows, its pixels the samples; None where nothing is shown."""
    u, v = np.meshgrid(np.linspace(tile.left, tile.right, _GRID), np.linspace(tile.top, tile.bottom, _GRID))
    grid = unproject(camera, np.stack([u.ravel(), v.ravel()], axis=1), np.ones(u.size))[:, :2].reshape(_GRID, _GRID, 2)
    if not np.isfinite(grid).any():
        return None
    low, high = np.nanmin(grid, axis=(0, 1)), np.nanmax(grid, axis=(0, 1))
    if not np.isfinite(grid).all():
        # Some of the tile lies outside the lens's field, so its border does not bound what is seen of it.
        reach = _largest_step(grid)
        low, high = low - reach, high + reach
    density = _SAMPLES_PER_PIXEL * np.array([camera.fx, camera.fy])
    density = np.minimum(density, (_MAX_SAMPLES - 8) / np.maximum(high - low, 1e-9))
    low, high = np.floor(low * density) - 2, np.ceil(high * density) + 2
    width, height = (high - low).astype(int).tolist()
    return Camera(
        fx=float(density[0]), fy=float(density[1]), cx=-float(low[0]), cy=-float(low[1]), size_hw=(height, width)
    )


def _largest_step(grid: Float[np.ndarray, "n n 2"]) -> float:
    steps = np.concatenate([np.abs(np.diff(grid, axis=axis)).reshape(-1, 2) for axis in (0, 1)])
    return float(np.nanmax(steps, initial=0.0))
