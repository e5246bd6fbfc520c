"""The pictures of the asset doctor: a model from all sides on a ground grid that shows its size, without OpenGL."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from meshsight.assets.checks.symmetries import axis_of, fixed_point
from meshsight.assets.symmetry import Symmetries
from meshsight.core.camera import Camera, camera_from_fov, project
from meshsight.core.images import RgbImage
from meshsight.core.pose import Matrix4, Vector3, invert_pose, look_at, make_pose, transform_points
from meshsight.plotting.axis_lines import AxisLine, draw_axis_lines
from meshsight.plotting.style import AXIS_COLORS, class_color
from meshsight.records.mesh import Bounds, Mesh, bounds_of
from meshsight.records.scene import Environment, Ground, PlainBackground, Scene, SceneObject, SensorDraw, Sun
from meshsight.render.base import open_renderer
from meshsight.render.renderers.raycast import Spec as Raycast

NUM_VIEWS = 8
PICTURE_HW, _SAMPLES = (330, 440), 2
_FOV_RAD = np.radians(36.0)
_ELEVATION_RAD = np.radians(25.0)
_DISTANCE = 2.25
"""From the middle of the box, in multiples of its diagonal."""
_GROUND = 12.0
"""Half the ground's side, in multiples of the diagonal: it fills the pictures."""
_TILES_M = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 50.0, 100.0, 500.0)
_SAME_DIRECTION = 0.999
_MESH, _GRID, _SKY = "model", "grid", "sky"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Turntable:
    """Pictures of a model.

    Attributes:
        views: from all around, a little from above; the first is from +x.
        with_axes: the first view with the model's own axes at its origin, and its symmetry axes.
        tile_m: side of a cell of the ground grid.
    """

    views: tuple[RgbImage, ...]
    with_axes: RgbImage
    tile_m: float


class _Studio:
    """Implements `AssetSource` for one model, the grid that it stands on, and even light."""

    def __init__(self, mesh: Mesh) -> None:
        self._mesh = mesh

    def mesh(self, ref: str) -> Mesh:
        """Returns the model."""
        return self._mesh

    def image(self, ref: str, at_least_hw: tuple[int, int] | None = None) -> UInt8[np.ndarray, "h w 3"]:
        """Returns one cell of the grid."""
        cell = np.full((128, 128, 3), 236, dtype=np.uint8)
        cell[:3], cell[-3:], cell[:, :3], cell[:, -3:] = 168, 168, 168, 168
        return cell

    def image_size_hw(self, ref: str) -> tuple[int, int]:
        """Returns the cell's size."""
        return 128, 128

    def environment(self, ref: str) -> Float32[np.ndarray, "h w 3"]:
        """Returns light from above that fades downwards."""
        height = np.linspace(1.0, 0.45, 16, dtype=np.float32)
        return np.broadcast_to(height[:, None, None], (16, 32, 3)).copy()


def turn_around(mesh: Mesh, symmetries: Symmetries) -> Turntable:
    """Draws a model from all around.

    Args:
        mesh: what to draw.
        symmetries: whose axes are drawn into one of the pictures.
    """
    bounds = bounds_of(mesh)
    diagonal = float(np.linalg.norm(bounds.size))
    tile = _tile(diagonal)
    shift = np.array([-bounds.center[0], -bounds.center[1], -bounds.low[2]])
    camera = camera_from_fov(_FOV_RAD, (PICTURE_HW[0] * _SAMPLES, PICTURE_HW[1] * _SAMPLES))
    poses = [_camera_pose(bounds, diagonal, turn) for turn in range(NUM_VIEWS)]
    with open_renderer(Raycast(), _Studio(mesh)) as renderer:
        frames = [renderer.render(_scene(camera, pose, make_pose(np.eye(3), shift), diagonal, tile)) for pose in poses]
    views = [_averaged(frame.rgb) for frame in frames]
    small = camera_from_fov(_FOV_RAD, PICTURE_HW)
    lines = _axis_lines(symmetries, diagonal, bounds)
    T_cam_object = invert_pose(poses[0]) @ make_pose(np.eye(3), shift)
    with_axes = draw_axis_lines(views[0], [_projected(line, small, T_cam_object) for line in lines])
    return Turntable(views=tuple(views), with_axes=with_axes, tile_m=tile)


def _tile(diagonal: float) -> float:
    """Returns the grid's step: the largest round length of which the model spans four."""
    return max((tile for tile in _TILES_M if 4 * tile <= diagonal), default=_TILES_M[0])


def _camera_pose(bounds: Bounds, diagonal: float, turn: int) -> Matrix4:
    angle = 2 * np.pi * turn / NUM_VIEWS
    flat = np.array([np.cos(angle), np.sin(angle), 0.0]) * np.cos(_ELEVATION_RAD)
    target = np.array([0.0, 0.0, 0.5 * bounds.size[2]])
    eye = target + _DISTANCE * diagonal * (flat + np.array([0.0, 0.0, np.sin(_ELEVATION_RAD)]))
    return look_at(eye, target, 0.0)


def _scene(camera: Camera, T_world_cam: Matrix4, T_world_object: Matrix4, diagonal: float, tile: float) -> Scene:
    side = np.array([T_world_cam[0, 0], T_world_cam[1, 0], 0.0])
    light = T_world_cam[:3, 3] / np.linalg.norm(T_world_cam[:3, 3]) - 0.8 * side + np.array([0.0, 0.0, 0.9])
    return Scene(
        frame=0,
        camera=camera,
        T_world_cam=T_world_cam,
        objects=(SceneObject(instance_id=1, mesh=_MESH, class_id=None, T_world_object=T_world_object),),
        ground=Ground(
            z_m=-1e-4 * diagonal,
            half_size_m=tile * np.ceil(_GROUND * diagonal / tile),
            tint=(1.0, 1.0, 1.0),
            roughness=1.0,
            texture=_GRID,
            tile_m=tile,
        ),
        environment=Environment(ref=_SKY, strength=0.55, rotation_rad=0.0),
        suns=(Sun(direction=light / np.linalg.norm(light), irradiance=(1.6, 1.6, 1.6)),),
        point_lights=(),
        background=PlainBackground(color=(1.0, 1.0, 1.0)),
        sensor=SensorDraw(),
        near_m=0.01 * diagonal,
        far_m=100.0 * diagonal,
        origins={},
    )


def _averaged(image: RgbImage) -> RgbImage:
    return cv2.resize(image, PICTURE_HW[::-1], interpolation=cv2.INTER_AREA)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Line:
    """A line in the model's frame, in metres."""

    start: Vector3
    end: Vector3
    color: tuple[int, int, int]
    name: str = ""


def _axis_lines(symmetries: Symmetries, diagonal: float, bounds: Bounds) -> list[_Line]:
    """Returns the axes of symmetry through the model, then its own axes at its origin."""
    reach = 0.62 * diagonal
    color = class_color(4)
    turning = [(one.axis, one.offset) for one in symmetries.continuous]
    turning += [(axis_of(pose[:3, :3]), fixed_point(pose)) for pose in symmetries.discrete]
    lines: list[_Line] = []
    drawn: list[Vector3] = []
    for axis, point in turning:
        if all(abs(float(axis @ other)) < _SAME_DIRECTION for other in drawn):
            drawn.append(axis)
            middle = point + axis * float((bounds.center - point) @ axis)
            lines.append(_Line(start=middle - reach * axis, end=middle + reach * axis, color=color))
    zero = np.zeros(3)
    own = zip(np.eye(3), AXIS_COLORS, "xyz", strict=True)
    return lines + [_Line(start=zero, end=0.3 * diagonal * axis, color=c, name=name) for axis, c, name in own]


def _projected(line: _Line, camera: Camera, T_cam_object: Matrix4) -> AxisLine:
    ends = project(camera, transform_points(T_cam_object, np.stack([line.start, line.end])))
    return AxisLine(ends=ends, color=line.color, name=line.name)
