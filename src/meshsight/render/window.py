"""Where on the silhouette canvas an object can be seen, from its vertices alone.

The canvas is three images wide and high with the image in its middle; its pixels are counted from the image's corner,
so it covers [-W, 2W) x [-H, 2H).
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.spatial import ConvexHull, QhullError

from meshsight.core.camera import Camera
from meshsight.core.pose import Matrix4
from meshsight.records.scene import Scene

_MARGIN_PX = 2


@dataclass(frozen=True, slots=True)
class Window:
    """A rectangle of canvas pixels, half-open, that holds every pixel an object can cover.

    Attributes:
        is_cut: a part of the object lies beyond the canvas or outside the clip planes.
    """

    left: int
    top: int
    right: int
    bottom: int
    is_cut: bool

    @property
    def width(self) -> int:
        """Columns; 0 when nothing can be seen."""
        return max(self.right - self.left, 0)

    @property
    def height(self) -> int:
        """Rows; 0 when nothing can be seen."""
        return max(self.bottom - self.top, 0)

    def touches_image(self, size_hw: tuple[int, int]) -> bool:
        """Tells whether any pixel of the image is inside."""
        height, width = size_hw
        overlaps = self.left < width and self.right > 0 and self.top < height and self.bottom > 0
        return overlaps and self.width > 0 and self.height > 0


def hull_points(vertices: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "m 3"]:
    """Returns the vertices of the convex hull, which alone decide any projected extent; all of a flat mesh."""
    points = vertices.astype(np.float64)
    try:
        return points[ConvexHull(points).vertices]
    except QhullError:
        return points


def object_window(points_cam: Float[np.ndarray, "n 3"], scene: Scene) -> Window:
    """Returns the window of an object from its hull points in the camera's frame.

    An object that reaches in front of the near plane may cover any pixel: its window is the whole canvas.
    """
    camera = scene.camera
    height, width = camera.size_hw
    z = points_cam[:, 2]
    nearest, farthest = float(z.min()), float(z.max())
    if farthest <= scene.near_m or nearest >= scene.far_m:
        return Window(0, 0, 0, 0, is_cut=True)
    if nearest <= scene.near_m:
        return Window(-width, -height, 2 * width, 2 * height, is_cut=True)
    u = camera.fx * points_cam[:, 0] / z + camera.cx
    v = camera.fy * points_cam[:, 1] / z + camera.cy
    low = np.array([u.min(), v.min()])
    high = np.array([u.max(), v.max()])
    is_beyond = bool((low < (-width, -height)).any() or (high > (2 * width, 2 * height)).any())
    first = np.maximum(np.floor(low) - _MARGIN_PX, (-width, -height)).astype(np.int64)
    last = np.minimum(np.ceil(high) + _MARGIN_PX, (2 * width, 2 * height)).astype(np.int64)
    is_cut = is_beyond or farthest > scene.far_m
    return Window(int(first[0]), int(first[1]), int(last[0]), int(last[1]), is_cut=is_cut)


def canvas_projection(camera: Camera, near_m: float, far_m: float) -> Matrix4:
    """Returns the OpenGL clip matrix of the canvas, y down, from the camera's frame; w is the depth z."""
    height, width = camera.size_hw
    projection = np.zeros((4, 4))
    projection[0, 0] = 2 * camera.fx / (3 * width)
    projection[0, 2] = 2 * (camera.cx + width) / (3 * width) - 1
    projection[1, 1] = 2 * camera.fy / (3 * height)
    projection[1, 2] = 2 * (camera.cy + height) / (3 * height) - 1
    projection[2, 2] = (far_m + near_m) / (far_m - near_m)
    projection[2, 3] = -2 * far_m * near_m / (far_m - near_m)
    projection[3, 2] = 1
    return projection
