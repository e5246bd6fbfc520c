"""Which corner of a cuboid each keypoint is: told by projecting the pose.

Two orders are met: ours (docs/conventions.md), and ours turned by 180 degrees about the object's z axis, which is how
Isaac's `dope` order stands to DOPE's; the turn exchanges corners 0-3, 1-2, 4-7 and 5-6 of the binary order.
"""

from dataclasses import replace
from typing import Literal

import numpy as np
from jaxtyping import Float

from meshsight.core.camera import Camera, project
from meshsight.core.pose import transform_points
from meshsight.datasets.annotate import cuboid_points
from meshsight.records.sample import ObjectLabel, Sample

MAX_REPROJECTION_PX = 1.0
"""A keypoint may lie so far from its projection; formats of whole pixels are off by up to 0.7."""

Order = Literal["ours", "turned", "neither"]

TURNED = np.array([3, 2, 1, 0, 7, 6, 5, 4, 8])
"""Place in our order of each keypoint in the turned order; the turn is its own inverse."""


def reprojection_px(label: ObjectLabel, camera: Camera) -> Float[np.ndarray, "2"] | None:
    """Returns how far the known keypoints lie from the projected cuboid in our order and in the turned one, at worst.

    Keypoints with v = 0 are not known. None when the label has no pose or not the nine keypoints of a cuboid, or when
    none of them can be compared.
    """
    if label.pose is None or label.keypoints is None or len(label.keypoints) != len(TURNED):
        return None
    points = project(camera, transform_points(label.pose.T_cam_object, cuboid_points(label.pose)))
    is_known = label.keypoints[:, 2] > 0
    offsets = [np.linalg.norm(label.keypoints[:, :2] - points[order], axis=1) for order in (np.arange(9), TURNED)]
    comparable = is_known & np.isfinite(offsets[0]) & np.isfinite(offsets[1])
    if not comparable.any():
        return None
    return np.array([offset[comparable].max() for offset in offsets])


def order_of(label: ObjectLabel, sample: Sample, max_px: float) -> tuple[Order, float] | None:
    """Returns the order that a label's keypoints are in, and how far they lie from ours in pixels.

    None when nothing can be said; a label that fits both orders is in ours.
    """
    errors = None if sample.camera is None else reprojection_px(label, sample.camera)
    if errors is None:
        return None
    ours, turned = errors.tolist()
    if ours <= max_px:
        return "ours", ours
    return ("turned" if turned <= max_px else "neither"), ours


def in_our_order(label: ObjectLabel) -> ObjectLabel:
    """Returns a label whose keypoints are in the turned order with those in ours."""
    assert label.keypoints is not None
    return replace(label, keypoints=label.keypoints[TURNED])
