"""Builds the `cycles` renderer: one Blender, told each frame as plain numbers, its passes developed here.

Ids and depths are Cycles' own. The first sample of a pixel goes through its centre, and the index and depth passes hold
that sample alone, so those of the picture's own render are the labels; where a lens has depth or something moves, a
second render with one sample is (docs/decisions says why). Cycles cannot bend rays as our lens does: it draws a wider
pinhole picture, which is looked up; then ids and depths are traced by Embree, as silhouettes always are.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float32, Int32

from meshsight.core.camera import Camera
from meshsight.core.errors import ExecutionError, LostFrameError, RenderError
from meshsight.core.pose import invert_pose
from meshsight.execution.blender.keeper import BlenderKeeper, KeeperSettings
from meshsight.execution.blender.places import command_for, find_blender
from meshsight.execution.blender.process import BlenderProcess
from meshsight.execution.blender.wire import Parcel
from meshsight.execution.process import given_threads
from meshsight.records.frame import Frame
from meshsight.records.scene import AssetSource, Ground, Scene, Wall
from meshsight.render.base import Renderer
from meshsight.render.cache import ResourceCache
from meshsight.render.features import Feature, moves
from meshsight.render.path_tracing.develop import Light, develop
from meshsight.render.path_tracing.lamps import lamp_requests
from meshsight.render.path_tracing.lens import camera_request
from meshsight.render.path_tracing.looks import Painter
from meshsight.render.path_tracing.poses import Stage, stage_of
from meshsight.render.path_tracing.stock import Stock
from meshsight.render.rays.body import Body, PlacedBody, make_body, place_body
from meshsight.render.rays.labels import trace_labels
from meshsight.render.rays.silhouettes import trace_silhouettes
from meshsight.render.renderers.cycles import Spec
from meshsight.render.wide import look_up_smoothly, wide_camera, wide_places

SCRIPT = Path(__file__).parents[1] / "blender" / "serve.py"
# Blender keeps object indices in 16 bits, of which one is the sign.
MAX_OBJECTS = 2**15 - 1
_SEEDS = 2**31


def build(spec: Spec, assets: AssetSource) -> Renderer:
    """Starts Blender.

    Raises:
        MissingExtraError: there is no Blender.
        RenderError: it cannot start, or has no such device.
    """
    return CyclesRenderer(spec, assets)


class CyclesRenderer(Renderer):
    """Draws with Blender's path tracer.

    Attributes:
        render_cpu_s: processor time of Blender's own render call for the last frame.
    """

    draws: ClassVar[frozenset[Feature]] = frozenset(
        {"walls", "spot_lights", "area_lights", "glow", "part_materials", "focus", "motion", "lens"}
    )

    def __init__(self, spec: Spec, assets: AssetSource) -> None:
        self._spec = spec
        self._assets = assets
        self._command = command_for(find_blender(spec.blender), SCRIPT)
        self._bodies: ResourceCache[Body] = ResourceCache(spec.cache_mb * 2**20)
        self._stock: Stock | None = None
        self._about: dict[str, Any] = {}
        settings = KeeperSettings(
            recycle_frames=spec.recycle_frames, recycle_growth_bytes=spec.recycle_growth_mb * 2**20
        )
        self._keeper = BlenderKeeper(self._start, settings)
        self._keeper.warm_up()
        self.render_cpu_s = 0.0

    @property
    def blender_pid(self) -> int:
        """The process that draws."""
        assert self._stock is not None
        return self._stock.process.pid

    @property
    def description(self) -> str:
        """Blender's version and what computes."""
        return f"cycles (Blender {self._about['version']}, {self._about['device']})"

    def _start(self) -> BlenderProcess:
        process = BlenderProcess(
            self._command, stall_seconds=self._spec.stall_seconds, on_progress=lambda: self.on_progress()
        )
        try:
            self._about = process.call({"command": "configure", "settings": worker_settings(self._spec)}).message
        except RenderError:
            process.kill()
            raise
        self._stock = Stock(process, self._spec.cache_mb * 2**20)
        return process

    def draw(self, scene: Scene) -> Frame:
        """Traces one frame.

        Raises:
            LostFrameError: it ended several Blenders.
            RenderError: it has more objects than Blender can count.
        """
        count = len(scene.objects)
        if count > MAX_OBJECTS:
            raise RenderError(f"frame {scene.frame}: cycles draws up to {MAX_OBJECTS} objects, found {count}")
        try:
            parcel = self._keeper.perform(f"frame {scene.frame}", lambda _: self._render(scene))
        except ExecutionError as error:
            raise LostFrameError(str(error)) from error
        self.render_cpu_s = float(parcel.message["render_cpu_s"])
        placed = self._place(scene)
        instance_ids, depth_m = _labels(scene, placed, parcel.arrays)
        return Frame(
            rgb=develop(_light(scene.camera, parcel.arrays), scene, self._assets),
            depth_m=depth_m,
            instance_id=instance_ids,
            silhouettes=trace_silhouettes(scene, placed, instance_ids),
        )

    def _render(self, scene: Scene) -> Parcel:
        """Sends what the Blender of the moment lacks, then the frame."""
        assert self._stock is not None
        stock = self._stock
        stock.trim()
        return stock.process.call({"command": "render", **self._request(scene, stock)})

    def _request(self, scene: Scene, stock: Stock) -> dict[str, Any]:
        stage = stage_of(scene)
        painter = Painter(self._assets, stock.want_texture)
        objects = [self._object(scene, index, stage, painter, stock) for index in range(len(scene.objects))]
        camera = camera_request(scene, _drawn_camera(scene.camera), stage)
        planes: list[Ground | Wall] = [*(() if scene.ground is None else (scene.ground,)), *scene.walls]
        return {
            "camera": camera,
            "objects": objects,
            "planes": [_plane(plane, stage, painter) for plane in planes],
            "lamps": lamp_requests(scene, stage),
            "environment": {
                "map": stock.want_environment(scene.environment.ref, self._assets),
                "strength": scene.environment.strength,
                "rotation_rad": scene.environment.rotation_rad,
            },
            "has_flat": any(look["flat"] is not None for item in objects for look in item["looks"]),
            "is_moving": moves(scene),
            "needs_label_pass": scene.camera.lens is None and (moves(scene) or camera["focus"] is not None),
            "seed": scene.frame % _SEEDS,
        }

    def _object(self, scene: Scene, index: int, stage: Stage, painter: Painter, stock: Stock) -> dict[str, Any]:
        thing = scene.objects[index]
        body = self._body(thing.mesh)
        motion = thing.motion if moves(scene) else None
        return {
            "mesh": stock.want_mesh(body),
            "index": index + 1,
            "pose": stage.pose(thing.T_world_object, thing.scale),
            "motion": None
            if motion is None
            else [stage.pose(stage.moved(thing.T_world_object, motion, part), thing.scale) for part in (-0.5, 0.5)],
            "looks": [painter.part(thing, body.mesh, part) for part in range(len(body.mesh.parts))],
        }

    def _place(self, scene: Scene) -> list[PlacedBody]:
        T_cam_world = invert_pose(scene.T_world_cam)
        placed = [place_body(thing, self._body(thing.mesh), T_cam_world, scene) for thing in scene.objects]
        self._bodies.trim()
        return placed

    def _body(self, ref: str) -> Body:
        mesh = self._assets.mesh(ref)
        return self._bodies.fetch(mesh.fingerprint, lambda: make_body(mesh))

    def close(self) -> None:
        """Ends Blender."""
        self._keeper.close()
        self._bodies.clear()


def _drawn_camera(camera: Camera) -> Camera:
    return camera if camera.lens is None else wide_camera(camera)


def _light(camera: Camera, arrays: Mapping[str, np.ndarray]) -> Light:
    """Returns what was traced, bent where the lens bends; all of it is premultiplied by coverage."""
    traced = {name: arrays.get(name) for name in ("light", "flat", "flat_cover")}
    if camera.lens is not None:
        places = wide_places(camera, wide_camera(camera))
        traced = {
            name: None if array is None else look_up_smoothly(array, places).astype(np.float32)
            for name, array in traced.items()
        }
    assert traced["light"] is not None
    return Light(light=traced["light"], flat=traced["flat"], flat_cover=traced["flat_cover"])


def _labels(
    scene: Scene, placed: Sequence[PlacedBody], arrays: Mapping[str, np.ndarray]
) -> tuple[Int32[np.ndarray, "h w"], Float32[np.ndarray, "h w"]]:
    """Returns ids and planar depth: Cycles' own, but where the lens bends."""
    if scene.camera.lens is not None:
        return trace_labels(scene, placed)
    own = np.array([0, *(thing.instance_id for thing in scene.objects)], dtype=np.int32)
    depth = arrays["depth"]
    # What no ray meets has a depth of 1e10.
    return own[arrays["index"]], np.where(depth <= scene.far_m, depth, np.float32(0))


def worker_settings(spec: Spec) -> dict[str, Any]:
    """Returns what Blender is told once, at its start."""
    return {
        "samples": spec.samples,
        "adaptive_threshold": spec.adaptive_threshold,
        "denoiser": spec.denoiser,
        "denoiser_quality": spec.denoiser_quality,
        "denoiser_prefilter": spec.denoiser_prefilter,
        "max_bounces": spec.max_bounces,
        "use_light_tree": True,
        "device": spec.device,
        "threads": spec.threads or given_threads(),
        "environment_map_px": spec.environment_map_px,
        "sun_angle_rad": math.radians(spec.sun_angle_deg),
    }


def _plane(plane: Ground | Wall, stage: Stage, painter: Painter) -> dict[str, Any]:
    """Returns the ground, which blocks light, or a wall, which lets it in."""
    if isinstance(plane, Wall):
        pose, size_m = plane.T_world_wall, plane.size_m
    else:
        pose, size_m = np.eye(4), (2 * plane.half_size_m, 2 * plane.half_size_m)
        pose[2, 3] = plane.z_m
    return {
        "pose": stage.pose(pose),
        "size_m": list(size_m),
        "tile_m": plane.tile_m,
        "casts_shadow": isinstance(plane, Ground),
        "look": painter.plane(plane),
    }
