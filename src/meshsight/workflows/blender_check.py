"""`meshsight blender check`: whether Blender is there, what it draws with, and whether its labels are ours."""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from meshsight.assets.library import AssetLibrary
from meshsight.core.camera import camera_from_fov
from meshsight.core.errors import RenderError
from meshsight.core.pose import look_at, make_pose
from meshsight.execution.blender.places import find_blender
from meshsight.records.frame import Frame
from meshsight.records.scene import Environment, Ground, PlainBackground, Scene, SceneObject, SensorDraw, Sun
from meshsight.render.base import open_renderer
from meshsight.render.renderers.cycles import Spec
from meshsight.render.renderers.raycast import Spec as RaycastSpec
from meshsight.specs.scene import RENDERER_KINDS

SIZE_HW = (96, 128)
MIN_IOU = 0.99
MIN_PIXELS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class BlenderChecked:
    """What was found.

    Attributes:
        program: what was run.
        drawer: Blender's version and what computes.
        seconds: one small frame, without the start.
        compared_with: the renderer whose ids Cycles' were compared with.
        iou: of the object's masks.
        is_good: they agree.
    """

    program: Path
    drawer: str
    seconds: float
    compared_with: str
    iou: float
    is_good: bool


def check_blender(blender: str | None = None, *, device: str = "auto") -> BlenderChecked:
    """Draws a tiny frame with Cycles and compares its ids with the rasteriser's, or with rays where there is no OpenGL.

    Raises:
        MissingExtraError: there is no Blender.
        RenderError: it cannot start, or has no such device.
    """
    program = find_blender(blender)
    assets = AssetLibrary(Path(), {})
    scene = tiny_scene()
    spec = Spec.model_validate({"samples": 4, "blender": str(program), "device": device})
    with open_renderer(spec, assets) as cycles:
        drawer = cycles.description
        started = time.monotonic()
        frame = cycles.render(scene)
        seconds = time.monotonic() - started
    truth, compared_with = _truth(scene, assets)
    mine, theirs = frame.instance_id == 1, truth.instance_id == 1
    iou = float((mine & theirs).sum() / max((mine | theirs).sum(), 1))
    return BlenderChecked(
        program=program,
        drawer=drawer,
        seconds=seconds,
        compared_with=compared_with,
        iou=iou,
        is_good=iou >= MIN_IOU and int(mine.sum()) >= MIN_PIXELS,
    )


def tiny_scene() -> Scene:
    """Returns a mug on a floor under a sun."""
    mug = SceneObject(instance_id=1, mesh="builtin:mug", class_id=0, T_world_object=make_pose(np.eye(3), np.zeros(3)))
    return Scene(
        frame=0,
        camera=camera_from_fov(np.deg2rad(40), SIZE_HW),
        T_world_cam=look_at(np.array([0.25, -0.3, 0.25]), np.array([0.0, 0.0, 0.04]), 0.1),
        objects=(mug,),
        ground=Ground(z_m=-0.05, half_size_m=1.0, tint=(0.5, 0.5, 0.5), roughness=0.8, texture=None),
        environment=Environment(ref="environment:sky/1", strength=1.0, rotation_rad=0.0),
        suns=(Sun(direction=np.array([0.6, 0.0, 0.8]), irradiance=(2.0, 2.0, 2.0)),),
        point_lights=(),
        background=PlainBackground(color=(0.2, 0.2, 0.2)),
        sensor=SensorDraw(),
        origins={},
    )


def _truth(scene: Scene, assets: AssetLibrary) -> tuple[Frame, str]:
    try:
        renderer = open_renderer(RENDERER_KINDS.module("raster").Spec(), assets)
    except RenderError:
        renderer = open_renderer(RaycastSpec(), assets)
    with renderer:
        return renderer.render(scene), renderer.description
