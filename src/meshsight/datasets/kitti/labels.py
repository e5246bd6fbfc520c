"""Labels and KITTI's rows, each as the other."""

from dataclasses import replace

from meshsight.core.pose import Vector3, make_pose
from meshsight.datasets.kitti.boxes import kitti_box, pose_of
from meshsight.datasets.kitti.rows import KittiRow
from meshsight.datasets.kitti.terms import NO_CLASS, is_dont_care, stated_as
from meshsight.records.sample import Box, ObjectLabel

_ANY_TILT_RAD = 4.0


def row_of(label: ObjectLabel, name: str) -> KittiRow:
    """Returns the row of a label that is said in KITTI's terms already, under its name in the file."""
    return KittiRow(
        name=name,
        truncation=None if label.stated is None else label.stated.truncation,
        occlusion_level=None if label.stated is None else label.stated.occlusion_level,
        box=label.box,
        box_3d=None if label.pose is None else kitti_box(label.pose, _ANY_TILT_RAD),
    )


def label_of(row: KittiRow, class_id: int, box: Box, offset_m: Vector3 | None = None) -> ObjectLabel:
    """Returns the label of a row.

    Args:
        row: what stands in the file.
        class_id: of its name; a region to ignore has none.
        box: its box after checking.
        offset_m: from KITTI's reference camera to the one that took the image.
    """
    if is_dont_care(row.name):
        return ObjectLabel(class_id=NO_CLASS, box=box, is_ignored=True)
    pose = None if row.box_3d is None else pose_of(row.box_3d)
    if pose is not None and offset_m is not None:
        T = pose.T_cam_object
        pose = replace(pose, T_cam_object=make_pose(T[:3, :3], T[:3, 3] + offset_m))
    stated = stated_as(row.truncation, row.occlusion_level)
    return ObjectLabel(class_id=class_id, box=box, stated=stated, pose=pose)
