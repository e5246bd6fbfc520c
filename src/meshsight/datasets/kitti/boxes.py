"""KITTI's 3-D box: three sides, the centre of the face that it stands on, and one turn.

KITTI's object frame has its origin in that centre, x along the length, y down and z along the width, in the camera's
own axes (x right, y down, z forward). The only turn it knows is `rotation_y`, about the camera's y axis (KITTI object
devkit, readme.txt).
"""

import math
from dataclasses import dataclass

import numpy as np

from meshsight.core.pose import Matrix3, make_pose
from meshsight.records.sample import Pose

_THINNEST_M = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class KittiBox:
    """The 3-D columns of a label.

    Attributes:
        height, width, length: sides in metres.
        x, y, z: centre of the lowest face in the camera, metres.
        rotation_y: turn about the camera's y axis, radians in -pi..pi; at 0 the length lies along the camera's x.
    """

    height: float
    width: float
    length: float
    x: float
    y: float
    z: float
    rotation_y: float

    @property
    def alpha(self) -> float:
        """The observation angle: the turn as seen along the ray to the object, radians in -pi..pi."""
        return _wrapped(self.rotation_y - math.atan2(self.x, self.z))


def kitti_box(pose: Pose, max_tilt_rad: float) -> KittiBox | None:
    """Says a pose in KITTI's terms; None when the object is tilted by more than `max_tilt_rad`, or has no volume.

    The height is the side nearest to the camera's vertical, the length the first of the other two.
    """
    rotation = pose.T_cam_object[:3, :3]
    sides = pose.box_high_m - pose.box_low_m
    vertical = int(np.argmax(np.abs(rotation[1])))
    tilt = math.acos(min(1.0, abs(float(rotation[1, vertical]))))
    if tilt > max_tilt_rad or sides.min() < _THINNEST_M:
        return None
    along, across = (axis for axis in range(3) if axis != vertical)
    lowest = (pose.box_low_m + pose.box_high_m) / 2
    lowest[vertical] += math.copysign(sides[vertical] / 2, rotation[1, vertical])
    x, y, z = (rotation @ lowest + pose.T_cam_object[:3, 3]).tolist()
    return KittiBox(
        height=float(sides[vertical]),
        width=float(sides[across]),
        length=float(sides[along]),
        x=x,
        y=y,
        z=z,
        rotation_y=_wrapped(math.atan2(-rotation[2, along], rotation[0, along])),
    )


def pose_of(box: KittiBox) -> Pose:
    """Returns the pose of KITTI's object frame, with the box in that frame."""
    length, height, width = box.length, box.height, box.width
    return Pose(
        T_cam_object=make_pose(_rotation_about_y(box.rotation_y), np.array([box.x, box.y, box.z])),
        scale=1.0,
        box_low_m=np.array([-length / 2, -height, -width / 2]),
        box_high_m=np.array([length / 2, 0.0, width / 2]),
    )


def _rotation_about_y(angle_rad: float) -> Matrix3:
    c, s = math.cos(angle_rad), math.sin(angle_rad)
    return np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])


def _wrapped(angle_rad: float) -> float:
    """Brings an angle into (-pi, pi]."""
    return math.pi - (math.pi - angle_rad) % (2 * math.pi)
