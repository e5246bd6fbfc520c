"""Builds the `composite` renderer: layers of sprites, from far to near, over a backdrop.

A pixel belongs to the nearest object that covers half of it or more; so labels are those of the sprites as they are
drawn. What cannot be a sprite, because it is too near or clipped, is drawn where it stands. Ground, walls and the
environment behind everything are drawn by the renderer of the sprites. There are no shadows and no reflections of
objects in each other; exposure and white balance act on the finished picture, as on a photograph.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

import cv2
import numpy as np
from jaxtyping import Float32, Int32, UInt8

from meshsight.core.cache_folder import cache_folder
from meshsight.core.images import RgbImage
from meshsight.core.pose import Points3, invert_pose, transform_points
from meshsight.records.frame import Frame, Silhouette
from meshsight.records.scene import AssetSource, Scene, SceneObject, SensorDraw
from meshsight.render.backdrop import draw_backdrop, exposure_table
from meshsight.render.base import Basic, Renderer, open_renderer
from meshsight.render.features import Feature
from meshsight.render.renderers.composite import Spec
from meshsight.render.silhouette import make_silhouette
from meshsight.render.sprites.bank import SpriteBank
from meshsight.render.sprites.blending import blend
from meshsight.render.sprites.layer import HALF, Layer, lay
from meshsight.render.sprites.sprite import Shot, plan_shot, see_through
from meshsight.render.window import Window, hull_points, object_window
from meshsight.specs.recomposition import RecompositionSpec


def build(spec: Spec, assets: AssetSource) -> Renderer:
    """Opens the renderer of the sprites.

    Raises:
        RenderError: it cannot start on this machine.
    """
    return CompositeRenderer(spec, assets)


_MOST_PLANS = 10_000


class CompositeRenderer(Renderer):
    """Draws with sprites."""

    draws: ClassVar[frozenset[Feature]] = frozenset(
        {"lens", "walls", "spot_lights", "area_lights", "glow", "part_materials"}
    )
    lacks: ClassVar[frozenset[Basic]] = frozenset({"shadows", "sampled outlines"})

    def __init__(self, spec: Spec, assets: AssetSource) -> None:
        self._spec = spec
        self._assets = assets
        self._inner = open_renderer(spec.sprites, assets)
        self._bank = SpriteBank(
            self._inner.render,
            assets,
            drawer=f"{spec.sprites.model_dump_json()} {self._inner.description}",
            max_bytes=spec.cache_mb * 2**20,
            folder=cache_folder() / "sprites" if spec.keep_on_disk else None,
        )
        self._hulls: dict[str, Points3] = {}
        self._plans: dict[tuple[object, ...], tuple[Shot | None, tuple[object, ...]]] = {}

    @property
    def description(self) -> str:
        """What draws the sprites."""
        return f"sprites by {self._inner.description}"

    @property
    def recomposition(self) -> RecompositionSpec:
        """Which frames are put together anew."""
        return self._spec.recomposition

    @property
    def num_taken(self) -> int:
        """How many sprites were drawn so far."""
        return self._bank.num_taken

    def draw(self, scene: Scene) -> Frame:
        """Draws all layers of one frame."""
        placed = [self._lay(scene, thing) for thing in scene.objects]
        self._bank.trim()
        canvas = self._stage(scene)
        for layer in sorted((layer for layer in placed if layer is not None), key=lambda layer: -layer.distance):
            canvas.put(layer, scene)
        silhouettes = tuple(
            _silhouette(thing, layer, scene, canvas.instance_id)
            for thing, layer in zip(scene.objects, placed, strict=True)
            if thing.class_id is not None
        )
        return Frame(
            rgb=canvas.picture, depth_m=canvas.depth_m, instance_id=canvas.instance_id, silhouettes=silhouettes
        )

    def _hull(self, ref: str) -> Points3:
        mesh = self._assets.mesh(ref)
        if mesh.fingerprint not in self._hulls:
            self._hulls[mesh.fingerprint] = hull_points(mesh.vertices)
        return self._hulls[mesh.fingerprint]

    def _lay(self, scene: Scene, thing: SceneObject) -> Layer | None:
        """Returns an object's layer, or None where nothing of it can be seen."""
        hull = self._hull(thing.mesh)
        T_cam_object = invert_pose(scene.T_world_cam) @ thing.T_world_object
        window = object_window(transform_points(T_cam_object, hull * thing.scale), scene)
        if window.width == 0 or window.height == 0:
            return None
        shot = self._plan(scene, thing, hull)
        if shot is None:
            return self._draw_in_place(scene, thing, window)
        sprite = self._bank.get(shot, is_kept=thing.T_cam_taken is not None)
        return lay(sprite, shot, thing, window, scene, T_cam_object)

    def _plan(self, scene: Scene, thing: SceneObject, hull: Points3) -> Shot | None:
        """Returns how to take an object's sprite; frames that share a bank scene's very objects share its plans.

        The key holds the identity of records, which never change, and the value holds the records, so that no other can
        take their place in memory.
        """
        if thing.T_cam_taken is None:
            return plan_shot(scene, thing, hull)
        shared = (thing.material, thing.part_materials, scene.environment, scene.suns, scene.point_lights)
        shared += (scene.spot_lights, scene.area_lights, scene.T_world_cam)
        numbers = (thing.mesh, thing.scale, thing.T_cam_taken.tobytes(), scene.camera, scene.near_m, scene.far_m)
        key = (*numbers, *map(id, shared))
        if key not in self._plans:
            if len(self._plans) >= _MOST_PLANS:
                self._plans.clear()
            self._plans[key] = (plan_shot(scene, thing, hull), shared)
        return self._plans[key][0]

    def _draw_in_place(self, scene: Scene, thing: SceneObject, window: Window) -> Layer:
        """Draws what cannot be a sprite with the scene's own camera."""
        alone = replace(scene, objects=(replace(thing, class_id=0),), ground=None, walls=())
        seen, frame = see_through(alone, self._inner.render)
        silhouette = frame.silhouettes[0]
        color = np.zeros((window.height, window.width, 4), dtype=np.uint8)
        depth = np.zeros((window.height, window.width), dtype=np.float32)
        own, image = _overlap(window, scene.camera.size_hw)
        color[own], depth[own] = seen[image], frame.depth_m[image]
        mask = np.zeros((window.height, window.width), dtype=bool)
        x, y = silhouette.origin_xy[0] - window.left, silhouette.origin_xy[1] - window.top
        mask[y : y + silhouette.mask.shape[0], x : x + silhouette.mask.shape[1]] = silhouette.mask
        distance = float(np.linalg.norm(invert_pose(scene.T_world_cam)[:3] @ thing.T_world_object[:, 3]))
        return Layer(thing=thing, window=window, color=color, depth_m=depth, distance=distance, alone=mask)

    def _stage(self, scene: Scene) -> "_Canvas":
        """Returns what is behind the objects."""
        height, width = scene.camera.size_hw
        table = exposure_table(scene.sensor)
        backdrop = draw_backdrop(scene, self._assets)
        depth = np.zeros((height, width), dtype=np.float32)
        if backdrop is None or scene.ground is not None or scene.walls:
            behind = self._inner.render(replace(scene, objects=(), sensor=_exposed(scene.sensor)))
            backdrop, depth = behind.rgb.copy(), behind.depth_m.copy()
        return _Canvas(
            picture=backdrop,
            depth_m=depth,
            instance_id=np.zeros((height, width), dtype=np.int32),
            table=table,
        )

    def close(self) -> None:
        """Frees the renderer of the sprites."""
        self._bank.clear()
        self._inner.close()


def _exposed(sensor: SensorDraw) -> SensorDraw:
    return SensorDraw(exposure_ev=sensor.exposure_ev, white_balance=sensor.white_balance)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Canvas:
    """The image so far; layers are put on it in place.

    Attributes:
        table: what exposure and white balance make of a byte, or None for nothing.
    """

    picture: RgbImage
    depth_m: Float32[np.ndarray, "h w"]
    instance_id: Int32[np.ndarray, "h w"]
    table: UInt8[np.ndarray, "256 1 3"] | None

    def put(self, layer: Layer, scene: Scene) -> None:
        """Puts a layer over what is there, except where that is nearer."""
        own, image = _overlap(layer.window, scene.camera.size_hw)
        color = layer.color[own]
        if color.size == 0:
            return
        depth, before = layer.depth_m[own], self.depth_m[image]
        is_hidden = (before > 0) & (before < depth)
        if is_hidden.any():
            color = np.where(is_hidden[:, :, None], np.uint8(0), color)
        if self.table is not None and layer.thing.material.emissive is None:
            color = _exposed_color(color, self.table)
        blend(self.picture, color, (image[1].start, image[0].start), scene.blending)
        is_mine = (color[:, :, 3] >= HALF) & (depth > 0)
        np.copyto(before, depth, where=is_mine)
        np.copyto(self.instance_id[image], layer.thing.instance_id, where=is_mine)


def _exposed_color(
    color: UInt8[np.ndarray, "h w 4"], table: UInt8[np.ndarray, "256 1 3"]
) -> UInt8[np.ndarray, "h w 4"]:
    """Looks the colours up that the premultiplied ones are of."""
    alpha = color[:, :, 3:].astype(np.float32)
    plain = np.minimum(color[:, :, :3] * (255.0 / np.maximum(alpha, 1.0)), 255.0)
    looked_up = np.asarray(cv2.LUT(np.rint(plain).astype(np.uint8), table))
    return np.dstack([np.rint(looked_up * (alpha / 255.0)).astype(np.uint8), color[:, :, 3]])


def _overlap(window: Window, size_hw: tuple[int, int]) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Returns the common part of a window and the image, in the window's pixels and in the image's."""
    height, width = size_hw
    left, right = max(window.left, 0), max(min(window.right, width), max(window.left, 0))
    top, bottom = max(window.top, 0), max(min(window.bottom, height), max(window.top, 0))
    own = slice(top - window.top, bottom - window.top), slice(left - window.left, right - window.left)
    return own, (slice(top, bottom), slice(left, right))


def _silhouette(
    thing: SceneObject, layer: Layer | None, scene: Scene, instance_ids: Int32[np.ndarray, "h w"]
) -> Silhouette:
    if layer is None:
        # A window without pixels belongs to what lies outside the clip planes, the lens's field or the canvas.
        nothing = Window(0, 0, 0, 0, is_cut=True)
        return make_silhouette(thing.instance_id, nothing, np.zeros((0, 0), dtype=bool), instance_ids)
    alone = layer.covered if layer.alone is None else layer.alone
    return make_silhouette(thing.instance_id, layer.window, alone, instance_ids)
