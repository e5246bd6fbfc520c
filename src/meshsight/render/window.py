"""Where on the silhouette canvas an object can be seen, from its vertices alone.

The canvas is three images wide and high with the image in its middle; its pixels are counted from the image's corner,
so it covers [-W, 2W) x [-H, 2H).
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.spatial import ConvexHull, QhullError

from meshsight.core.camera import Camera, project
from meshsight.core.pose import Matrix4
from meshsight.records.scene import Scene

_MARGIN_PX = 2
# A side of up to this length at depth 1 is cut into pieces that a lens bends by less than the margin.
_LONGEST_SIDE, _SIDE_POINTS = 8.0, 64
_FIELD_POINTS = 256


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
    outline, is_cut = _outline(points_cam, camera)
    if len(outline) == 0:
        return Window(0, 0, 0, 0, is_cut=True)
    low, high = outline.min(axis=0), outline.max(axis=0)
    is_beyond = bool((low < (-width, -height)).any() or (high > (2 * width, 2 * height)).any())
    first = np.maximum(np.floor(low) - _MARGIN_PX, (-width, -height)).astype(np.int64)
    last = np.minimum(np.ceil(high) + _MARGIN_PX, (2 * width, 2 * height)).astype(np.int64)
    is_cut = is_cut or is_beyond or farthest > scene.far_m
    return Window(int(first[0]), int(first[1]), int(last[0]), int(last[1]), is_cut=is_cut)


def _outline(points_cam: Float[np.ndarray, "n 3"], camera: Camera) -> tuple[Float[np.ndarray, "m 2"], bool]:
    """Returns pixels that reach as far in all four directions as the hull of points does, and whether some is cut off.

    A pinhole keeps lines straight, so the points themselves will do. A lens bends them: then the outline is that of
    the hull in the plane at depth 1, its sides cut short, and the edge of the lens's field where that lies inside.
    """
    if camera.lens is None:
        return project(camera, points_cam), False
    flat = points_cam[:, :2] / points_cam[:, 2:]
    corners, sides = _convex_outline(flat)
    radius = camera.lens.field_radius
    if np.linalg.norm(corners - np.roll(corners, -1, axis=0), axis=1).max() > _LONGEST_SIDE:
        height, width = camera.size_hw
        return np.array([[-width - 1.0, -height - 1.0], [2 * width + 1.0, 2 * height + 1.0]]), True
    along = np.linspace(0.0, 1.0, _SIDE_POINTS, endpoint=False)[:, None, None]
    border = (corners * (1 - along) + np.roll(corners, -1, axis=0) * along).reshape(-1, 2)
    is_in_field = np.einsum("nd,nd->n", border, border) <= radius**2
    angles = np.linspace(0.0, 2 * np.pi, _FIELD_POINTS)
    edge = (1 - 1e-9) * radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    is_in_hull = (edge @ sides[:, :2].T + sides[:, 2] <= 0).all(axis=1)
    seen = np.concatenate([border[is_in_field], edge[is_in_hull]])
    return project(camera, np.column_stack([seen, np.ones(len(seen))])), not is_in_field.all()


def _convex_outline(points: Float[np.ndarray, "n 2"]) -> tuple[Float[np.ndarray, "m 2"], Float[np.ndarray, "m 3"]]:
    """Returns the corners of the convex hull in order, and its sides as (a, b, c) with a x + b y + c <= 0 inside."""
    try:
        hull = ConvexHull(points)
    except QhullError:
        # Seen edge on: the points lie on a line, there and back again, and there is no inside.
        order = np.argsort(points[:, np.ptp(points, axis=0).argmax()])
        return points[order], np.array([[0.0, 0.0, 1.0]])
    return points[hull.vertices], hull.equations


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
