"""What our own COCO rows say beyond COCO, under the key `meshsight`; other programs pass over it.

The fields and their layout are those of the label files of our own folder (see sample_json); what is not known is left
out. Floats are exact. `full_mask` holds compressed runs for the image's size.
"""

from collections.abc import Mapping
from dataclasses import asdict, replace

import numpy as np
from pydantic import BaseModel, ConfigDict

from meshsight.core.camera import Camera
from meshsight.core.errors import DataError
from meshsight.datasets.coco.masks import checked_mask
from meshsight.datasets.sample_json import CameraRow, HiddenRow, PixelsRow, PoseRow, Rows4, Vec2, Vec4
from meshsight.records.sample import ObjectLabel, PixelCounts, Polygon, Pose, Sample, StatedVisibility


class _Extras(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class StatedExtras(_Extras):
    """See `StatedVisibility`."""

    truncation: float | None = None
    visibility: float | None = None
    occlusion_level: int | None = None
    is_truncated: bool | None = None
    is_occluded: bool | None = None


class ObjectExtras(_Extras):
    """What an annotation says beyond COCO; `polygons` only where `segmentation` holds another mask."""

    instance_id: int | None = None
    full_box: Vec4 | None = None
    full_mask: str | None = None
    polygons: tuple[tuple[Vec2, ...], ...] | None = None
    pixels: PixelsRow | None = None
    stated: StatedExtras | None = None
    pose: PoseRow | None = None
    mesh: str | None = None
    is_cut: bool = False


class ImageExtras(_Extras):
    """What an image says beyond COCO; without a group, it is that of the image's name."""

    group: str | None = None
    source: str | None = None
    camera: CameraRow | None = None
    T_world_cam: Rows4 | None = None
    hidden: tuple[HiddenRow, ...] = ()


def object_extras(label: ObjectLabel, polygons: tuple[Polygon, ...] | None) -> dict[str, object]:
    """Returns what COCO's own fields cannot say of an object; empty when there is nothing.

    Args:
        label: the object.
        polygons: its polygons, if COCO's own `segmentation` does not hold them.
    """
    pose = label.pose
    extras = {
        "instance_id": label.instance_id,
        "full_box": label.full_box,
        "full_mask": None if label.full_mask is None else label.full_mask.counts,
        "polygons": None if polygons is None else [points.tolist() for points in polygons],
        "pixels": None if label.pixels is None else asdict(label.pixels),
        "stated": None if label.stated is None else _known(asdict(label.stated)),
        "pose": None
        if pose is None
        else {
            "T_cam_object": pose.T_cam_object.tolist(),
            "scale": pose.scale,
            "box_low_m": pose.box_low_m.tolist(),
            "box_high_m": pose.box_high_m.tolist(),
        },
        "mesh": label.mesh,
        "is_cut": label.is_cut or None,
    }
    return _known(extras)


def image_extras(sample: Sample, default_group: str) -> dict[str, object]:
    """Returns what COCO's own fields cannot say of an image; empty when there is nothing.

    Args:
        sample: the image and its labels.
        default_group: the group that a reader takes without being told.
    """
    camera = sample.camera
    intrinsics = camera and {key: getattr(camera, key) for key in CameraRow.model_fields}
    extras = {
        "group": sample.group if sample.group != default_group else None,
        "source": sample.source,
        "camera": intrinsics,
        "T_world_cam": None if sample.T_world_cam is None else sample.T_world_cam.tolist(),
        "hidden": [{**asdict(counts), "instance_id": number} for number, counts in sample.hidden] or None,
    }
    return _known(extras)


def _known(fields: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in fields.items() if value is not None}


def with_object_extras(label: ObjectLabel, extras: ObjectExtras, size_hw: tuple[int, int], where: str) -> ObjectLabel:
    """Returns a label with what its row says beyond COCO.

    Raises:
        DataError: the full mask is none of this image.
    """
    pose, polygons = extras.pose, extras.polygons
    return replace(
        label,
        instance_id=extras.instance_id,
        full_box=extras.full_box,
        full_mask=None if extras.full_mask is None else checked_mask(extras.full_mask, size_hw, where),
        polygons=label.polygons if polygons is None else tuple(np.array(points).reshape(-1, 2) for points in polygons),
        pixels=None if extras.pixels is None else PixelCounts(**extras.pixels.model_dump()),
        stated=None if extras.stated is None else StatedVisibility(**extras.stated.model_dump()),
        pose=None
        if pose is None
        else Pose(
            T_cam_object=np.array(pose.T_cam_object),
            scale=pose.scale,
            box_low_m=np.array(pose.box_low_m),
            box_high_m=np.array(pose.box_high_m),
        ),
        mesh=extras.mesh,
        is_cut=extras.is_cut,
    )


def with_image_extras(sample: Sample, extras: ImageExtras, where: str) -> Sample:
    """Returns a sample with what its image's row says beyond COCO.

    Raises:
        DataError: the camera is none that we know.
    """
    rows, hidden = extras.T_world_cam, extras.hidden
    try:
        camera = extras.camera and Camera(**extras.camera.model_dump(), size_hw=sample.size_hw)
    except ValueError as error:
        raise DataError(f"{where}: camera: {error}") from error
    return replace(
        sample,
        group=sample.group if extras.group is None else extras.group,
        source=extras.source,
        camera=camera or sample.camera,
        T_world_cam=None if rows is None else np.array(rows, dtype=np.float64),
        hidden=tuple((h.instance_id, PixelCounts(**h.model_dump(exclude={"instance_id"}))) for h in hidden),
    )
