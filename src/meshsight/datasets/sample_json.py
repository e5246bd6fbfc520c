"""Step 4 of the walk: one sample as one line of JSON, exactly.

The rows below are the format of `labels/SHARD.jsonl`. Floats are written with the shortest digits that read back to the
same float64; what is not known is null. Reading refuses unknown, missing and wrongly typed fields.
"""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
from jaxtyping import Float
from pydantic import BaseModel, ConfigDict, ValidationError

from meshsight.core.camera import Camera
from meshsight.core.errors import DataError
from meshsight.core.files import dump_json
from meshsight.core.masks import RunLengthMask
from meshsight.core.pose import Matrix4
from meshsight.records.sample import ObjectLabel, PixelCounts, Pose, Sample, StatedVisibility

Vec2 = tuple[float, float]
Vec3 = tuple[float, float, float]
Vec4 = tuple[float, float, float, float]
Rows4 = tuple[Vec4, Vec4, Vec4, Vec4]


class _Row(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class CameraRow(_Row):
    """Intrinsics in pixels; see `Camera`."""

    fx: float
    fy: float
    cx: float
    cy: float
    distortion: tuple[float, float, float, float, float]


class PoseRow(_Row):
    """A pose in metres; see `Pose`."""

    T_cam_object: Rows4
    scale: float
    box_low_m: Vec3
    box_high_m: Vec3


class PixelsRow(_Row):
    """The three counts; see `PixelCounts`."""

    full: int
    inside: int
    visible: int


class StatedRow(_Row):
    """What a foreign set says; see `StatedVisibility`."""

    truncation: float | None
    visibility: float | None
    occlusion_level: int | None
    is_truncated: bool | None
    is_occluded: bool | None


class HiddenRow(PixelsRow):
    """The counts of an object without a visible pixel."""

    instance_id: int


class ObjectRow(_Row):
    """One labelled object; see `ObjectLabel`. Masks are COCO's compressed run-length strings for the image's size.

    The fields with a default came with version 2.
    """

    class_id: int
    instance_id: int | None
    box: Vec4
    full_box: Vec4 | None
    mask: str | None
    full_mask: str | None = None
    polygons: tuple[tuple[Vec2, ...], ...] | None = None
    keypoints: tuple[Vec3, ...] | None
    pixels: PixelsRow | None
    stated: StatedRow | None = None
    pose: PoseRow | None
    mesh: str | None
    is_ignored: bool
    is_cut: bool


class SampleRow(_Row):
    """One line; see `Sample`. `source` came with version 2."""

    frame: int
    image: str
    size_hw: tuple[int, int]
    group: str
    source: str | None = None
    camera: CameraRow | None
    T_world_cam: Rows4 | None
    objects: tuple[ObjectRow, ...]
    hidden: tuple[HiddenRow, ...]


def sample_to_json(sample: Sample) -> str:
    """Returns a sample as one line of JSON without a line end."""
    hidden = [{"full": c.full, "inside": c.inside, "visible": c.visible, "instance_id": i} for i, c in sample.hidden]
    row = {
        "frame": sample.frame,
        "image": sample.image,
        "size_hw": sample.size_hw,
        "group": sample.group,
        "source": sample.source,
        "camera": None if sample.camera is None else _camera_to_row(sample.camera),
        "T_world_cam": None if sample.T_world_cam is None else sample.T_world_cam.tolist(),
        "objects": [_object_to_row(label) for label in sample.objects],
        "hidden": hidden,
    }
    return dump_json(row)


def sample_from_json(line: str, where: str) -> Sample:
    """Reads one line back.

    Args:
        line: what `sample_to_json` wrote.
        where: file and line, for messages.

    Raises:
        DataError: the line is torn, a field is unknown, missing or of another type, or the image lies elsewhere.
    """
    try:
        row = SampleRow.model_validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise DataError(f"{where}: not a sample: {field + ': ' if field else ''}{first['msg']}") from error
    if row.image.startswith("/") or ".." in row.image.split("/"):
        raise DataError(f"{where}: the image '{row.image}' lies outside the data set's folder")
    return Sample(
        image=row.image,
        size_hw=row.size_hw,
        objects=tuple(_object_from_row(label, row.size_hw) for label in row.objects),
        hidden=tuple((h.instance_id, _counts_from_row(h)) for h in row.hidden),
        frame=row.frame,
        group=row.group,
        source=row.source,
        camera=None if row.camera is None else _camera_from_row(row.camera, row.size_hw, where),
        T_world_cam=_matrix(row.T_world_cam),
    )


def read_samples(path: Path) -> Iterator[Sample]:
    """Streams the samples of a `.jsonl` file.

    Raises:
        DataError: the file is missing, or a line of it is no sample.
    """
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                yield sample_from_json(line, f"{path}, line {number}")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: labels cannot be read: {error}") from error


def _camera_to_row(camera: Camera) -> dict[str, object]:
    return {"fx": camera.fx, "fy": camera.fy, "cx": camera.cx, "cy": camera.cy, "distortion": camera.distortion}


def _object_to_row(label: ObjectLabel) -> dict[str, object]:
    return {
        "class_id": label.class_id,
        "instance_id": label.instance_id,
        "box": label.box,
        "full_box": label.full_box,
        "mask": None if label.mask is None else label.mask.counts,
        "full_mask": None if label.full_mask is None else label.full_mask.counts,
        "polygons": None if label.polygons is None else [points.tolist() for points in label.polygons],
        "keypoints": None if label.keypoints is None else label.keypoints.tolist(),
        "pixels": None if label.pixels is None else _pixels_to_row(label.pixels),
        "stated": None if label.stated is None else asdict(label.stated),
        "pose": None if label.pose is None else _pose_to_row(label.pose),
        "mesh": label.mesh,
        "is_ignored": label.is_ignored,
        "is_cut": label.is_cut,
    }


def _pixels_to_row(pixels: PixelCounts) -> dict[str, object]:
    return {"full": pixels.full, "inside": pixels.inside, "visible": pixels.visible}


def _pose_to_row(pose: Pose) -> dict[str, object]:
    return {
        "T_cam_object": pose.T_cam_object.tolist(),
        "scale": pose.scale,
        "box_low_m": pose.box_low_m.tolist(),
        "box_high_m": pose.box_high_m.tolist(),
    }


def _object_from_row(row: ObjectRow, size_hw: tuple[int, int]) -> ObjectLabel:
    return ObjectLabel(
        class_id=row.class_id,
        box=row.box,
        instance_id=row.instance_id,
        full_box=row.full_box,
        mask=_mask(row.mask, size_hw),
        full_mask=_mask(row.full_mask, size_hw),
        polygons=None if row.polygons is None else tuple(np.array(points).reshape(-1, 2) for points in row.polygons),
        keypoints=None if row.keypoints is None else _points(row.keypoints),
        pixels=None if row.pixels is None else _counts_from_row(row.pixels),
        stated=None if row.stated is None else StatedVisibility(**row.stated.model_dump()),
        pose=None if row.pose is None else _pose_from_row(row.pose),
        mesh=row.mesh,
        is_ignored=row.is_ignored,
        is_cut=row.is_cut,
    )


def _camera_from_row(row: CameraRow, size_hw: tuple[int, int], where: str) -> Camera:
    try:
        return Camera(fx=row.fx, fy=row.fy, cx=row.cx, cy=row.cy, size_hw=size_hw, distortion=row.distortion)
    except ValueError as error:
        raise DataError(f"{where}: not a sample: camera: {error}") from error


def _counts_from_row(row: PixelsRow) -> PixelCounts:
    return PixelCounts(full=row.full, inside=row.inside, visible=row.visible)


def _pose_from_row(row: PoseRow) -> Pose:
    return Pose(
        T_cam_object=np.array(row.T_cam_object),
        scale=row.scale,
        box_low_m=np.array(row.box_low_m),
        box_high_m=np.array(row.box_high_m),
    )


def _mask(counts: str | None, size_hw: tuple[int, int]) -> RunLengthMask | None:
    return None if counts is None else RunLengthMask(counts=counts, size_hw=size_hw)


def _points(rows: tuple[Vec3, ...]) -> Float[np.ndarray, "k 3"]:
    return np.array(rows, dtype=np.float64).reshape(-1, 3)


def _matrix(rows: Rows4 | None) -> Matrix4 | None:
    return None if rows is None else np.array(rows, dtype=np.float64)
