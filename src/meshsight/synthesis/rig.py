"""What every kind of camera can do, and the intrinsics they share; the kinds are the files of `cameras/`."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from meshsight.core.camera import Camera, camera_from_fov
from meshsight.core.pose import Matrix4
from meshsight.specs.camera import Calibrated, FieldOfView
from meshsight.synthesis.draws import Draws


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PosedCamera:
    """Intrinsics and pose."""

    camera: Camera
    T_world_cam: Matrix4


@runtime_checkable
class CameraRig(Protocol):
    """Draws a camera."""

    def draw(self, size_hw: tuple[int, int], extent_m: float, draws: Draws) -> PosedCamera:
        """Draws a camera for a region of a radius around the world's origin."""
        ...


def draw_intrinsics(spec: FieldOfView | Calibrated, size_hw: tuple[int, int], draws: Draws) -> Camera:
    """Draws the intrinsics from their own stream."""
    if isinstance(spec, Calibrated):
        return Camera(fx=spec.fx, fy=spec.fy, cx=spec.cx, cy=spec.cy, size_hw=size_hw)
    name = "camera.intrinsics.horizontal_fov_deg"
    fov_deg = draws.number("camera.fx", name, spec.horizontal_fov_deg, draws.stream("camera.intrinsics"))
    draws.note("camera.fy", draws.origins["camera.fx"])
    return camera_from_fov(float(np.deg2rad(fov_deg)), size_hw)


def half_view_slope(camera: Camera) -> float:
    """Returns the tangent of half the smaller field of view: what fits at depth 1 on either side of the axis."""
    height, width = camera.size_hw
    return min(0.5 * width / camera.fx, 0.5 * height / camera.fy)
