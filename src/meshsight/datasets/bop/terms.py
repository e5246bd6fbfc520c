"""What the record says in BOP's terms, and back: pixels and metres to BOP's conventions, visibility to its counts."""

from dataclasses import replace

import numpy as np

from meshsight.core.camera import Camera
from meshsight.core.errors import DataError
from meshsight.core.lens import NO_DISTORTION
from meshsight.core.pose import Matrix4, invert_pose, make_pose
from meshsight.datasets.bop.rows import NO_BOX, BoxRow, CameraRow, InfoRow, Mat3, TruthRow, Vec3, to_number
from meshsight.records.sample import Box, ObjectLabel, PixelCounts, Sample, StatedVisibility

MM = 1000.0
_HALF_PX = 0.5


def in_bop_words(label: ObjectLabel, sample: Sample) -> ObjectLabel:
    """Keeps of the stated visibility what `visib_fract` says, where there are no counts to say it better."""
    stated = label.stated
    share = stated.visibility if stated is not None and label.pixels is None else None
    kept = None if share is None else StatedVisibility(visibility=share)
    return replace(label, stated=kept, pose=None if sample.camera is None else label.pose)


def camera_row(sample: Sample) -> CameraRow:
    """Returns an image's camera; its intrinsics and place are left out where they are not known."""
    camera = sample.camera
    K: Mat3 | None = None
    distortion = None if camera is None or camera.lens is None else camera.distortion
    if camera is not None:
        cx, cy = camera.cx - _HALF_PX, camera.cy - _HALF_PX
        K = (camera.fx, 0.0, cx, 0.0, camera.fy, cy, 0.0, 0.0, 1.0)
    if sample.T_world_cam is None:
        return CameraRow(cam_K=K, distortion=distortion, depth_scale=1.0, group=sample.group)
    R, t = _split_pose(invert_pose(sample.T_world_cam))
    return CameraRow(cam_K=K, distortion=distortion, depth_scale=1.0, cam_R_w2c=R, cam_t_w2c=t, group=sample.group)


def camera_file(camera: Camera) -> dict[str, float]:
    """Returns the content of `camera.json`."""
    height, width = camera.size_hw
    return {
        "cx": camera.cx - _HALF_PX,
        "cy": camera.cy - _HALF_PX,
        "depth_scale": 1.0,
        "fx": camera.fx,
        "fy": camera.fy,
        "height": height,
        "width": width,
    }


def camera_of(row: CameraRow, size_hw: tuple[int, int], where: str) -> Camera | None:
    """Returns the camera of an image.

    Raises:
        DataError: the matrix is none of a pinhole camera, or has a skew.
    """
    if row.cam_K is None:
        return None
    fx, skew, cx, _, fy, cy, *_ = row.cam_K
    if abs(skew) > 1e-6 * abs(fx):
        raise DataError(f"{where}: cam_K has a skew of {skew:g}; a camera without one is expected")
    try:
        distortion = row.distortion or NO_DISTORTION
        return Camera(fx=fx, fy=fy, cx=cx + _HALF_PX, cy=cy + _HALF_PX, size_hw=size_hw, distortion=distortion)
    except ValueError as error:
        raise DataError(f"{where}: cam_K: {error}") from error


def camera_place(row: CameraRow) -> Matrix4 | None:
    """Returns `T_world_cam`, or None where it is not said."""
    if row.cam_R_w2c is None or row.cam_t_w2c is None:
        return None
    return invert_pose(pose_of(row.cam_R_w2c, row.cam_t_w2c))


def truth_row(T_cam_model: Matrix4, obj_id: int) -> TruthRow:
    """Returns an object's pose."""
    R, t = _split_pose(T_cam_model)
    return TruthRow(obj_id=obj_id, cam_R_m2c=R, cam_t_m2c=t)


def pose_of(R: Mat3, t_mm: Vec3) -> Matrix4:
    """Returns a pose in metres."""
    return make_pose(np.array(R, dtype=np.float64).reshape(3, 3), np.array(t_mm, dtype=np.float64) / MM)


def info_row(label: ObjectLabel) -> InfoRow:
    """Returns what BOP says of an object's visibility; what is not known is left out."""
    pixels = label.pixels
    around, visible = _box_row(label.full_box), _box_row(label.box)
    if pixels is None:
        share = None if label.stated is None else label.stated.visibility
        return InfoRow(bbox_obj=around, bbox_visib=visible, visib_fract=share)
    return InfoRow(
        bbox_obj=around,
        bbox_visib=visible,
        px_count_all=pixels.full,
        px_count_valid=pixels.inside,
        px_count_visib=pixels.visible,
        visib_fract=pixels.visibility,
        px_count_inside=pixels.inside,
    )


def box_of(row: BoxRow) -> Box | None:
    """Returns a half-open box, or None for BOP's empty one."""
    x, y, width, height = row
    return None if tuple(row) == NO_BOX else (float(x), float(y), float(x + width + 1), float(y + height + 1))


def counts_of(row: InfoRow, inside: int | None) -> PixelCounts | None:
    """Returns the exact counts where all three are known.

    Args:
        row: BOP's counts.
        inside: pixels of the mask of the whole silhouette, where there is one: `px_count_valid` is less than these
            wherever a depth sensor saw nothing.
    """
    inside = inside if row.px_count_inside is None else row.px_count_inside
    if inside is None or row.px_count_all is None or row.px_count_visib is None:
        return None
    return PixelCounts(full=row.px_count_all, inside=inside, visible=row.px_count_visib)


def _box_row(box: Box | None) -> BoxRow:
    if box is None:
        return NO_BOX
    x1, y1, x2, y2 = box
    return to_number(x1), to_number(y1), to_number(x2 - x1 - 1), to_number(y2 - y1 - 1)


def _split_pose(pose: Matrix4) -> tuple[Mat3, Vec3]:
    R, t = pose[:3, :3].reshape(-1).tolist(), (pose[:3, 3] * MM).tolist()
    return tuple(R), tuple(t)
