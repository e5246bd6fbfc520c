"""The pinhole camera: intrinsics, projection and back-projection.

Pixel j covers [j, j + 1), so the centre of the first pixel is at 0.5 and a centred principal point is (W/2, H/2).
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from meshsight.core.pose import Points3

Pixels = Float[np.ndarray, "n 2"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """Intrinsics in pixels of an image of `size_hw`.

    Attributes:
        fx, fy, cx, cy: focal lengths and principal point.
        size_hw: image height and width.
        distortion: Brown-Conrady k1 k2 p1 p2 k3; only zeros are accepted for now.
    """

    fx: float
    fy: float
    cx: float
    cy: float
    size_hw: tuple[int, int]
    distortion: tuple[float, float, float, float, float] = (0.0, 0.0, 0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        if any(self.distortion):
            raise ValueError("lens distortion is not supported yet: all five coefficients must be 0")
        if self.fx <= 0 or self.fy <= 0 or min(self.size_hw) <= 0:
            raise ValueError(f"a camera needs positive focal lengths and size, found {self}")

    @property
    def K(self) -> Float[np.ndarray, "3 3"]:
        """The intrinsic matrix."""
        return np.array([[self.fx, 0.0, self.cx], [0.0, self.fy, self.cy], [0.0, 0.0, 1.0]])


def camera_from_fov(horizontal_fov_rad: float, size_hw: tuple[int, int]) -> Camera:
    """Builds a camera with square pixels and a centred principal point."""
    height, width = size_hw
    focal = 0.5 * width / float(np.tan(0.5 * horizontal_fov_rad))
    return Camera(fx=focal, fy=focal, cx=width / 2, cy=height / 2, size_hw=size_hw)


def project(camera: Camera, points_cam: Points3) -> Pixels:
    """Projects camera-frame points (n, 3) to pixels (n, 2); points with z <= 0 become NaN."""
    z = np.where(points_cam[:, 2] > 0, points_cam[:, 2], np.nan)
    u = camera.fx * points_cam[:, 0] / z + camera.cx
    v = camera.fy * points_cam[:, 1] / z + camera.cy
    return np.stack([u, v], axis=1)


def unproject(camera: Camera, pixels: Pixels, depth_m: Float[np.ndarray, " n"]) -> Points3:
    """Lifts pixels (n, 2) at planar depths z (n,) to camera-frame points (n, 3)."""
    x = (pixels[:, 0] - camera.cx) / camera.fx * depth_m
    y = (pixels[:, 1] - camera.cy) / camera.fy * depth_m
    return np.stack([x, y, depth_m], axis=1)
