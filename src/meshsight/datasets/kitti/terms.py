"""What KITTI calls truncated, occluded and DontCare, said of a label that knows exact counts or another set's terms.

Shared by KITTI's text files and the TFRecord files that are made from them.
"""

import math
from dataclasses import replace

from pydantic import Field

from meshsight.datasets.class_names import NameRule
from meshsight.datasets.foreign import ForeignSpec
from meshsight.datasets.kitti.boxes import kitti_box, pose_of
from meshsight.records.sample import ObjectLabel, Pose, StatedVisibility

DONT_CARE = "DontCare"
NO_CLASS = 0
"""A region to ignore belongs to no class, yet a label needs one: it gets the first."""

UNKNOWN_LEVEL = 3
_TRUNCATION_DIGITS = 4


class KittiTermsSpec(ForeignSpec):
    """How exact knowledge becomes KITTI's coarse terms."""

    fully_visible_up_to: float = Field(0.05, ge=0, le=1)
    """Largest hidden share of the part within the image that counts as occlusion 0."""
    partly_occluded_up_to: float = Field(0.5, ge=0, le=1)
    """Largest hidden share that counts as occlusion 1; above it stands 2."""
    max_tilt_deg: float = Field(1.0, ge=0, le=90)
    """An object that leans further from the camera's vertical loses its pose: KITTI knows only the turn about it. With
    90, every object keeps its size and place, and gets the nearest upright turn."""
    min_visibility: float = Field(0.0, ge=0, le=1)
    """Objects of which a smaller share is seen become DontCare."""
    min_height_px: float = Field(0.0, ge=0)
    """Objects whose box is lower become DontCare."""


def in_kitti_terms(label: ObjectLabel, spec: KittiTermsSpec) -> ObjectLabel:
    """Returns the label with what KITTI would say in `stated`, and its pose in KITTI's frame if it stands upright."""
    if label.is_ignored or _is_too_little(label, spec):
        return replace(label, class_id=NO_CLASS, is_ignored=True, stated=None, pose=None)
    return replace(label, stated=_stated(label, spec), pose=_upright(label.pose, spec))


def stated_as(truncation: float | None, occlusion_level: int | None) -> StatedVisibility | None:
    """Returns what two columns say, or None when they say nothing."""
    if truncation is None and occlusion_level is None:
        return None
    return StatedVisibility(truncation=truncation, occlusion_level=occlusion_level)


def is_dont_care(name: str) -> bool:
    """Tells whether a class name marks a region to ignore."""
    return name.casefold() == DONT_CARE.casefold()


def kitti_name(name: str) -> str:
    """Returns a class name without white space."""
    joined = "_".join(name.split())
    return DONT_CARE if is_dont_care(joined) else joined


KITTI_NAMES = NameRule(
    rule="white space becomes '_', and DontCare is no class",
    write=kitti_name,
    reserved=frozenset({DONT_CARE}),
)


def _is_too_little(label: ObjectLabel, spec: KittiTermsSpec) -> bool:
    is_low = label.box[3] - label.box[1] < spec.min_height_px
    return is_low or (label.pixels is not None and label.pixels.visibility < spec.min_visibility)


def _stated(label: ObjectLabel, spec: KittiTermsSpec) -> StatedVisibility | None:
    if label.pixels is not None:
        truncation, level = label.pixels.truncation, _level(label.pixels.occlusion, spec)
    elif label.stated is not None:
        truncation, level = _stated_truncation(label.stated), _stated_level(label.stated)
    else:
        return None
    return stated_as(None if truncation is None else round(truncation, _TRUNCATION_DIGITS), level)


def _level(occlusion: float, spec: KittiTermsSpec) -> int:
    return int(occlusion > spec.fully_visible_up_to) + int(occlusion > spec.partly_occluded_up_to)


def _stated_truncation(stated: StatedVisibility) -> float | None:
    """A flag that says no is a share of 0; one that says yes tells no share."""
    if stated.truncation is None and stated.is_truncated is False:
        return 0.0
    return stated.truncation


def _stated_level(stated: StatedVisibility) -> int | None:
    if stated.occlusion_level is None and stated.is_occluded is not None:
        return int(stated.is_occluded)
    return None if stated.occlusion_level == UNKNOWN_LEVEL else stated.occlusion_level


def _upright(pose: Pose | None, spec: KittiTermsSpec) -> Pose | None:
    box = None if pose is None else kitti_box(pose, math.radians(spec.max_tilt_deg))
    return None if box is None else pose_of(box)
