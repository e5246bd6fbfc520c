"""The camera: intrinsics, projection and back-projection, through a pinhole or a lens that bends.

Pixel j covers [j, j + 1), so the centre of the first pixel is at 0.5 and a centred principal point is (W/2, H/2).
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from meshsight.core.lens import NO_DISTORTION, Coefficients, Lens, lens_of
from meshsight.core.pose import Points3

Pixels = Float[np.ndarray, "n 2"]

_BORDER_POINTS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """Intrinsics in pixels of an image of `size_hw`.

    Attributes:
        fx, fy, cx, cy: focal lengths and principal point.
        size_hw: image height and width.
        distortion: Brown-Conrady k1 k2 p1 p2 k3, as OpenCV orders them; all 0 is a pinhole. Coefficients that fold
            the picture within the image are refused.
    """

    fx: float
    fy: float
    cx: float
    cy: float
    size_hw: tuple[int, int]
    distortion: Coefficients = NO_DISTORTION

    def __post_init__(self) -> None:
        if self.fx <= 0 or self.fy <= 0 or min(self.size_hw) <= 0:
            raise ValueError(f"a camera needs positive focal lengths and size, found {self}")
        if self.lens is not None and not np.isfinite(unproject_border(self)).all():
            given = ", ".join(
                f"{name} {value:g}" for name, value in zip(("k1", "k2", "p1", "p2", "k3"), self.distortion, strict=True)
            )
            raise ValueError(
                f"distortion: the picture folds within the image with {given} (at {self.lens.field_radius:.3g} focal "
                "lengths from the axis); use coefficients that were calibrated for this image's size and focal length, "
                "weaker ones, or a narrower view"
            )

    @property
    def K(self) -> Float[np.ndarray, "3 3"]:
        """The intrinsic matrix."""
        return np.array([[self.fx, 0.0, self.cx], [0.0, self.fy, self.cy], [0.0, 0.0, 1.0]])

    @property
    def lens(self) -> Lens | None:
        """The lens that bends, or None for a pinhole."""
        return lens_of(self.distortion)


def camera_from_fov(
    horizontal_fov_rad: float, size_hw: tuple[int, int], distortion: Coefficients = NO_DISTORTION
) -> Camera:
    """Builds a camera with square pixels and a centred principal point; the field of view is the undistorted one."""
    height, width = size_hw
    focal = 0.5 * width / float(np.tan(0.5 * horizontal_fov_rad))
    return Camera(fx=focal, fy=focal, cx=width / 2, cy=height / 2, size_hw=size_hw, distortion=distortion)


def project(camera: Camera, points_cam: Points3) -> Pixels:
    """Projects camera-frame points (n, 3) to pixels (n, 2); NaN where z <= 0 and outside the lens's field."""
    z = np.where(points_cam[:, 2] > 0, points_cam[:, 2], np.nan)
    if camera.lens is None:
        u = camera.fx * points_cam[:, 0] / z + camera.cx
        v = camera.fy * points_cam[:, 1] / z + camera.cy
        return np.stack([u, v], axis=1)
    seen = camera.lens.distort(points_cam[:, :2].astype(np.float64) / z[:, None])
    return seen * (camera.fx, camera.fy) + (camera.cx, camera.cy)


def unproject(camera: Camera, pixels: Pixels, depth_m: Float[np.ndarray, " n"]) -> Points3:
    """Lifts pixels (n, 2) at planar depths z (n,) to camera-frame points (n, 3); NaN where a lens shows nothing."""
    x = (pixels[:, 0] - camera.cx) / camera.fx
    y = (pixels[:, 1] - camera.cy) / camera.fy
    if camera.lens is not None:
        x, y = camera.lens.undistort(np.stack([x, y], axis=1)).T
    return np.stack([x * depth_m, y * depth_m, depth_m], axis=1)


def unproject_border(camera: Camera) -> Points3:
    """Returns points at depth 1 that are seen along the image's border, corners included."""
    height, width = camera.size_hw
    along = np.linspace(0.0, 1.0, _BORDER_POINTS)
    zero, one = np.zeros_like(along), np.ones_like(along)
    sides = [(along, zero), (along, one), (zero, along), (one, along)]
    pixels = np.concatenate([np.stack(side, axis=1) for side in sides]) * (width, height)
    return unproject(camera, pixels, np.ones(len(pixels)))
