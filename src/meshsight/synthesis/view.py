"""What a camera sees of spheres and bodies, without rendering: sizes in the image, overhang, clipping."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Float

from meshsight.core.camera import Camera, project, unproject
from meshsight.core.lens import NO_DISTORTION
from meshsight.core.pose import Matrix4, Vector3, invert_pose, transform_points
from meshsight.synthesis.body import PlacedBody


@dataclass(frozen=True, kw_only=True, eq=False)
class View:
    """A posed camera with its clip planes.

    Attributes:
        camera, T_world_cam: intrinsics and pose.
        near_m, far_m: clip planes.
    """

    camera: Camera
    T_world_cam: Matrix4
    near_m: float
    far_m: float

    @cached_property
    def T_cam_world(self) -> Matrix4:
        """Maps points of the world into the camera's frame."""
        return invert_pose(self.T_world_cam)

    @property
    def eye(self) -> Vector3:
        """Position of the camera in the world."""
        return self.T_world_cam[:3, 3]

    @property
    def longest_side_px(self) -> int:
        """The image's longest side."""
        return max(self.camera.size_hw)

    def ray(self, pixel_xy: Float[np.ndarray, "2"]) -> Vector3:
        """Returns the direction of a pixel in the camera's frame, with z = 1."""
        if self.camera.lens is None:
            camera = self.camera
            return np.array([(pixel_xy[0] - camera.cx) / camera.fx, (pixel_xy[1] - camera.cy) / camera.fy, 1.0])
        ray = unproject(self.camera, np.asarray(pixel_xy, dtype=np.float64)[None], np.ones(1))[0]
        if not np.isfinite(ray[0]):
            # Outside the image there may be places that the lens shows nothing at: there a pinhole's ray will do.
            ray = unproject(replace(self.camera, distortion=NO_DISTORTION), pixel_xy[None], np.ones(1))[0]
        return ray

    def pixel(self, point_cam: Vector3) -> Float[np.ndarray, "2"]:
        """Returns where a point of the camera's frame is seen; a pinhole's place where the lens does not show it."""
        seen, (x, y, z), camera = project(self.camera, point_cam[None])[0], point_cam, self.camera
        if np.isfinite(seen[0]):
            return seen
        return np.array([camera.fx * x / z + camera.cx, camera.fy * y / z + camera.cy])

    def point(self, pixel_xy: Float[np.ndarray, "2"], depth_m: float) -> Vector3:
        """Returns the point of the world at a pixel and a planar depth."""
        return self.T_world_cam[:3, :3] @ (self.ray(pixel_xy) * depth_m) + self.eye

    def depth_of(self, point_world: Vector3) -> float:
        """Returns the planar depth of a point of the world."""
        return float((point_world - self.eye) @ self.T_world_cam[:3, 2])


def depth_for_size(view: View, pixel_xy: Float[np.ndarray, "2"], radius_m: float, side_px: float) -> float:
    """Returns the planar depth at which a sphere's image, with its middle at a pixel, has a longest side.

    In the plane of x and z, the tangents from the camera to a sphere of radius r at (u z, z) meet the image plane
    2 f r sqrt((1 + u^2) z^2 - r^2) / (z^2 - r^2) apart; the same holds for y. Setting this to the wanted side gives a
    quadratic in z^2 - r^2.
    """
    focal = np.array([view.camera.fx, view.camera.fy])
    u = view.ray(pixel_xy)[:2]
    k = (2.0 * focal * radius_m / side_px) ** 2
    a = 1.0 + u * u
    q = 0.5 * k * a * (1.0 + np.sqrt(1.0 + 4.0 * u * u * radius_m**2 / (k * a * a)))
    return float(np.sqrt(q.max() + radius_m**2))


def overhang_of(view: View, placed: PlacedBody) -> float:
    """Returns the share of a body's box in the image plane that lies outside the image; 1 when it is behind the camera.

    The box is that of the projected convex hull. A body that reaches behind the near plane has no such box: what of it
    lies in front counts.
    """
    points = placed.hull_points(view.T_cam_world)
    points = points[points[:, 2] > view.near_m]
    if len(points) == 0:
        return 1.0
    height, width = view.camera.size_hw
    u, v = project(view.camera, points).T
    if view.camera.lens is not None:
        u, v = u[np.isfinite(u)], v[np.isfinite(v)]
        if len(u) == 0:
            return 1.0
    left, right, top, bottom = u.min(), u.max(), v.min(), v.max()
    inside = max(0.0, min(right, width) - max(left, 0.0)) * max(0.0, min(bottom, height) - max(top, 0.0))
    full = (right - left) * (bottom - top)
    return 1.0 if full <= 0 else float(1.0 - inside / full)


def is_clipped(view: View, placed: PlacedBody) -> bool:
    """Tells whether a body crosses the near plane or reaches beyond the far plane; one wholly behind does not cross."""
    depth = view.depth_of(placed.center)
    if view.near_m < depth - placed.radius and depth + placed.radius < view.far_m:
        return False
    z = placed.hull_points(view.T_cam_world)[:, 2]
    return bool((z.min() <= view.near_m < z.max()) or (z.max() >= view.far_m))


def corner_overhang_of(view: View, placed: PlacedBody) -> float:
    """Returns how far the corners of a body's oriented box project beyond a border, as a share of the image's side.

    0 when all are inside; infinite when one is not before the camera.
    """
    signs = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], dtype=np.float64)
    corners = placed.center + (signs * placed.half_size) @ placed.axes.T
    points = transform_points(view.T_cam_world, corners)
    if points[:, 2].min() <= view.near_m:
        return float("inf")
    places = project(view.camera, points) / np.array(view.camera.size_hw[::-1])
    return float(max(0.0, -places.min(), places.max() - 1.0))
