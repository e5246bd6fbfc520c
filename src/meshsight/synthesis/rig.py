"""What every kind of camera can do, and the intrinsics they share; the kinds are the files of `cameras/`."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from meshsight.core.camera import Camera, camera_from_fov, unproject
from meshsight.core.errors import SynthesisError
from meshsight.core.lens import NO_DISTORTION, Coefficients
from meshsight.core.pose import Matrix4
from meshsight.specs.camera import Calibrated, FieldOfView, LensDistortion
from meshsight.synthesis.draws import Draws
from meshsight.synthesis.sampling import describe, sample


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
    """Draws the intrinsics from their own stream, and the lens from another.

    Raises:
        SynthesisError: the lens folds the picture.
    """
    distortion = _draw_distortion(spec.distortion, draws)
    try:
        if isinstance(spec, Calibrated):
            return Camera(fx=spec.fx, fy=spec.fy, cx=spec.cx, cy=spec.cy, size_hw=size_hw, distortion=distortion)
        name = "camera.intrinsics.horizontal_fov_deg"
        fov_deg = draws.number("camera.fx", name, spec.horizontal_fov_deg, draws.stream("camera.intrinsics"))
        draws.note("camera.fy", draws.origins["camera.fx"])
        return camera_from_fov(float(np.deg2rad(fov_deg)), size_hw, distortion)
    except ValueError as error:
        raise SynthesisError(f"frame {draws.frame}: camera.intrinsics.{error}") from error


def _draw_distortion(spec: LensDistortion | None, draws: Draws) -> Coefficients:
    if spec is None:
        return NO_DISTORTION
    rng = draws.stream("camera.distortion")
    drawn = {"k1": spec.k1, "k2": spec.k2, "p1": spec.p1, "p2": spec.p2, "k3": spec.k3}
    origin = ", ".join(f"{name} {describe(distribution)}" for name, distribution in drawn.items())
    draws.note("camera.distortion", f"camera.intrinsics.distortion: {origin}")
    k1, k2, p1, p2, k3 = (sample(distribution, rng) for distribution in drawn.values())
    return k1, k2, p1, p2, k3


def half_view_slope(camera: Camera) -> float:
    """Returns the tangent of half the smaller field of view: what fits at depth 1 on either side of the axis."""
    height, width = camera.size_hw
    if camera.lens is None:
        return min(0.5 * width / camera.fx, 0.5 * height / camera.fy)
    middles = np.array([[0.0, 0.5 * height], [width, 0.5 * height], [0.5 * width, 0.0], [0.5 * width, height]])
    left, right, top, bottom = unproject(camera, middles, np.ones(4))
    return float(min(0.5 * (right - left)[0], 0.5 * (bottom - top)[1]))
