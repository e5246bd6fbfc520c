"""What every kind of camera can do, and the intrinsics they share; the kinds are the files of `cameras/`."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from scipy.spatial.transform import Rotation

from meshsight.core.camera import Camera, camera_from_fov, unproject
from meshsight.core.errors import SynthesisError
from meshsight.core.lens import NO_DISTORTION, Coefficients
from meshsight.core.pose import Matrix4, Vector3, look_at
from meshsight.specs.camera import (
    Calibrated,
    EulerAngles,
    FieldOfView,
    Lens,
    LensDistortion,
    LookAt,
    OneOfCameras,
)
from meshsight.synthesis.directions import draw_in_ball
from meshsight.synthesis.draws import Draws
from meshsight.synthesis.sampling import describe, sample, sample_index


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Aim:
    """How a camera looks at something whose place is not known yet.

    Attributes:
        from_target: where the camera stands, as seen from its target; None where it stays.
        eye: where it stands otherwise.
        roll_rad: turn about the optical axis.
        up: what is up in the image at zero roll; None for the world's z.
    """

    from_target: Vector3 | None
    eye: Vector3
    roll_rad: float
    up: Vector3 | None

    def at(self, target: Vector3) -> Matrix4:
        """Returns the pose `T_world_cam`."""
        eye = self.eye if self.from_target is None else target + self.from_target
        return look_at(eye, target, self.roll_rad, self.up)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PosedCamera:
    """Intrinsics and pose.

    Attributes:
        aim: how it turns to an object, once that has a place; None where it looks already.
    """

    camera: Camera
    T_world_cam: Matrix4
    aim: Aim | None = None


@runtime_checkable
class CameraRig(Protocol):
    """Draws a camera."""

    def draw(self, size_hw: tuple[int, int], extent_m: float, draws: Draws) -> PosedCamera:
        """Draws a camera for a region of a radius around the world's origin."""
        ...


def draw_intrinsics(
    spec: FieldOfView | Calibrated | Lens | OneOfCameras, size_hw: tuple[int, int], draws: Draws
) -> Camera:
    """Draws the intrinsics from their own stream, and the lens from another.

    Raises:
        SynthesisError: the lens folds the picture.
    """
    if not isinstance(spec, OneOfCameras):
        return _draw_one(spec, "camera.intrinsics", size_hw, draws)
    weights = spec.weights or (1.0,) * len(spec.cameras)
    index = sample_index(weights, draws.stream("camera.intrinsics.choice"))
    name = f"camera.intrinsics.cameras[{index}]"
    camera = _draw_one(spec.cameras[index], name, size_hw, draws)
    for path in ("camera.fx", "camera.fy"):
        draws.note(path, draws.origins.get(path, name))
    return camera


def _draw_one(spec: FieldOfView | Calibrated | Lens, name: str, size_hw: tuple[int, int], draws: Draws) -> Camera:
    distortion = _draw_distortion(spec.distortion, draws)
    try:
        return _make_one(spec, name, size_hw, distortion, draws)
    except ValueError as error:
        raise SynthesisError(f"frame {draws.frame}: {name}.{error}") from error


def _make_one(
    spec: FieldOfView | Calibrated | Lens,
    name: str,
    size_hw: tuple[int, int],
    distortion: Coefficients,
    draws: Draws,
) -> Camera:
    rng = draws.stream("camera.intrinsics")
    match spec:
        case Calibrated():
            return Camera(fx=spec.fx, fy=spec.fy, cx=spec.cx, cy=spec.cy, size_hw=size_hw, distortion=distortion)
        case Lens():
            height, width = size_hw
            focal_mm = draws.number("camera.fx", f"{name}.focal_mm", spec.focal_mm, rng)
            draws.note("camera.fy", draws.origins["camera.fx"])
            fx = focal_mm / spec.sensor_width_mm * width
            fy = fx if spec.sensor_height_mm is None else focal_mm / spec.sensor_height_mm * height
            return Camera(fx=fx, fy=fy, cx=width / 2, cy=height / 2, size_hw=size_hw, distortion=distortion)
        case FieldOfView():
            fov_deg = draws.number("camera.fx", f"{name}.horizontal_fov_deg", spec.horizontal_fov_deg, rng)
            draws.note("camera.fy", draws.origins["camera.fx"])
            return camera_from_fov(float(np.deg2rad(fov_deg)), size_hw, distortion)


def _draw_distortion(spec: LensDistortion | None, draws: Draws) -> Coefficients:
    if spec is None:
        return NO_DISTORTION
    rng = draws.stream("camera.distortion")
    drawn = {"k1": spec.k1, "k2": spec.k2, "p1": spec.p1, "p2": spec.p2, "k3": spec.k3}
    origin = ", ".join(f"{name} {describe(distribution)}" for name, distribution in drawn.items())
    draws.note("camera.distortion", f"camera.intrinsics.distortion: {origin}")
    k1, k2, p1, p2, k3 = (sample(distribution, rng) for distribution in drawn.values())
    return k1, k2, p1, p2, k3


def draw_up(angles_deg: EulerAngles | None, draws: Draws) -> Vector3 | None:
    """Draws what is up in the image: the z axis of a frame that is turned about x, then y, then z."""
    if angles_deg is None:
        return None
    rng = draws.stream("camera.up")
    drawn = [sample(angle, rng) for angle in angles_deg]
    return np.asarray(Rotation.from_euler("xyz", drawn, degrees=True).as_matrix()[:, 2], dtype=np.float64)


def place_target(look_at: LookAt, jitter_m: float, rng: np.random.Generator) -> Vector3:
    """Draws the point to look at: the origin or the given one, moved within a ball."""
    offset = draw_in_ball(jitter_m, rng)
    return offset if isinstance(look_at, str) else np.asarray(look_at, dtype=np.float64) + offset


def describe_aim(look_at: LookAt, up_euler_deg: EulerAngles | None) -> str:
    """Returns what is looked at, and what is up, in the words of a recipe, unless they are the usual."""
    target = "" if look_at == "region" else f", look_at {look_at}"
    if up_euler_deg is None:
        return target
    return f"{target}, up_euler_deg {' '.join(describe(angle) for angle in up_euler_deg)}"


def half_view_slope(camera: Camera) -> float:
    """Returns the tangent of half the smaller field of view: what fits at depth 1 on either side of the axis."""
    height, width = camera.size_hw
    if camera.lens is None:
        return min(0.5 * width / camera.fx, 0.5 * height / camera.fy)
    middles = np.array([[0.0, 0.5 * height], [width, 0.5 * height], [0.5 * width, 0.0], [0.5 * width, height]])
    left, right, top, bottom = unproject(camera, middles, np.ones(4))
    return float(min(0.5 * (right - left)[0], 0.5 * (bottom - top)[1]))
