"""The camera in Blender's words: a sensor in proportion to the focal length, shifted, its pixels not always square."""

from typing import Any

from meshsight.core.camera import Camera
from meshsight.records.scene import Scene
from meshsight.render.features import moves
from meshsight.render.path_tracing.poses import Stage


def camera_request(scene: Scene, camera: Camera, stage: Stage) -> dict[str, Any]:
    """Returns a pinhole `camera` at the place of the scene's.

    Blender measures both shifts in widths of the image. The vertical one counts pixels as tall as they are wide, hence
    the aspect; y runs up there.
    """
    height, width = camera.size_hw
    aspect = camera.fx / camera.fy  # height of a pixel over its width
    motion = scene.camera_motion if moves(scene) else None
    focus = scene.focus
    return {
        "size_wh": [width, height],
        "pixel_aspect": [1.0, aspect] if aspect >= 1 else [1.0 / aspect, 1.0],
        "width_per_focal": width / camera.fx,
        "shift": [0.5 - camera.cx / width, (camera.cy - 0.5 * height) * aspect / width],
        "clip_m": [scene.near_m, scene.far_m],
        "pose": stage.facing(scene.T_world_cam),
        "motion": None
        if motion is None
        else [stage.facing(stage.moved(scene.T_world_cam, motion, part)) for part in (-0.5, 0.5)],
        "focus": None
        if focus is None or focus.aperture_m <= 0
        else {"aperture_m": focus.aperture_m, "distance_m": focus.distance_m},
    }
