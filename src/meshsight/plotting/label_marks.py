"""From labels to marks: what of a label is drawn, and how it becomes lines, faces, points and words."""

from collections.abc import Sequence, Set
from enum import StrEnum

import numpy as np
from jaxtyping import Float

from meshsight.core.camera import Camera, project
from meshsight.core.pose import transform_points
from meshsight.plotting.cuboid import EDGES, FRONT, UNIT_BOX, is_cuboid
from meshsight.plotting.draw import Mark, Shape
from meshsight.plotting.style import AXIS_COLORS, IGNORED, class_color
from meshsight.records.sample import ObjectLabel, Pose, Sample, StatedVisibility


class Drawn(StrEnum):
    """Something of a label that can be drawn; the value is its name on the command line."""

    BOXES = "boxes"
    MASKS = "masks"
    CORNERS = "corners"
    AXES = "axes"
    NAMES = "names"
    VISIBILITY = "visibility"


USUAL = frozenset({Drawn.BOXES, Drawn.MASKS, Drawn.NAMES})
_LEVELS = ("", "partly hidden", "largely hidden", "")


def usual_parts(sample: Sample) -> frozenset[Drawn]:
    """Returns what of a sample is best drawn when nobody says: boxes, masks and names; keypoints where they say more.

    Keypoints say more than a box where no mask shows the outline. Cuboids and axes of our own scenes are left out, for
    they hide what they stand for.
    """
    has_outlines = any(label.mask is not None or label.polygons for label in sample.objects)
    has_keypoints = any(label.keypoints is not None for label in sample.objects)
    return USUAL | {Drawn.CORNERS} if has_keypoints and not has_outlines else USUAL


def label_marks(sample: Sample, classes: Sequence[str], parts: Set[Drawn] = USUAL) -> list[Mark]:
    """Makes the marks of a sample's labels; regions to ignore are grey and dashed, without a name.

    Args:
        sample: an image's labels.
        classes: names by class id.
        parts: what of each label is drawn.
    """
    return [_mark(label, sample.camera, classes, parts) for label in sample.objects]


def visibility_text(label: ObjectLabel) -> str:
    """Returns how much of an object is seen: as a share where it is known, else in the words of its data set."""
    if label.pixels is not None:
        return f"{100 * label.pixels.visibility:.0f} %"
    return "" if label.stated is None else _stated_text(label.stated)


def _mark(label: ObjectLabel, camera: Camera | None, classes: Sequence[str], parts: Set[Drawn]) -> Mark:
    words = (
        classes[label.class_id] if Drawn.NAMES in parts else "",
        visibility_text(label) if Drawn.VISIBILITY in parts else "",
    )
    shapes: list[Shape] = []
    if Drawn.MASKS in parts and label.mask is None:
        shapes += [Shape(points=polygon, is_closed=True, fill=0.2) for polygon in label.polygons or ()]
    if Drawn.CORNERS in parts:
        shapes += _corner_shapes(label, camera)
    if Drawn.AXES in parts and label.pose is not None and camera is not None:
        shapes += _axis_shapes(label.pose, camera)
    return Mark(
        box=label.box,
        text="" if label.is_ignored else " ".join(word for word in words if word),
        color=IGNORED if label.is_ignored else class_color(label.class_id),
        mask=label.mask if Drawn.MASKS in parts else None,
        shapes=tuple(shapes),
        is_dashed=label.is_ignored,
        has_box=Drawn.BOXES in parts or label.is_ignored,
    )


def _stated_text(stated: StatedVisibility) -> str:
    if stated.visibility is not None:
        return f"{100 * stated.visibility:.0f} %"
    words = [_LEVELS[stated.occlusion_level] if stated.occlusion_level is not None else ""]
    words.append("hidden" if stated.is_occluded else "")
    words.append(f"{100 * stated.truncation:.0f} % cut" if stated.truncation else "")
    words.append("cut" if stated.is_truncated and not stated.truncation else "")
    return ", ".join(word for word in words if word)


def _corner_shapes(label: ObjectLabel, camera: Camera | None) -> list[Shape]:
    """The cuboid or keypoints of a label; where only its pose is known, the box that belongs to the pose."""
    if label.keypoints is not None:
        points = np.where(label.keypoints[:, 2:] > 0, label.keypoints[:, :2], np.nan)
        return _cuboid_shapes(points) if is_cuboid(points) else [Shape(points=points, is_dots=True)]
    if label.pose is None or camera is None:
        return []
    low, high = label.pose.box_low_m, label.pose.box_high_m
    corners = project(camera, transform_points(label.pose.T_cam_object, low + UNIT_BOX * (high - low)))
    return _cuboid_shapes(corners)


def _cuboid_shapes(points: Float[np.ndarray, "9 2"]) -> list[Shape]:
    """Its edges, the face in +x tinted and crossed, and a dot at every corner and in the middle."""
    edges = [Shape(points=points[list(edge)]) for edge in EDGES]
    a, b, c, d = FRONT
    crosses = [Shape(points=points[[a, c]], width=0.5), Shape(points=points[[b, d]], width=0.5)]
    front = Shape(points=points[list(FRONT)], is_closed=True, fill=0.25)
    return [front, *edges, *crosses, Shape(points=points, is_dots=True)]


def _axis_shapes(pose: Pose, camera: Camera) -> list[Shape]:
    """The object's axes from its origin, each as long as half its largest side: x red, y green, z blue."""
    length = 0.5 * float((pose.box_high_m - pose.box_low_m).max())
    ends = np.vstack([np.zeros(3), length * np.eye(3)])
    origin, *tips = project(camera, transform_points(pose.T_cam_object, ends))
    depths = transform_points(pose.T_cam_object, ends)[1:, 2]
    furthest_first = np.argsort(-depths)
    return [Shape(points=np.stack([origin, tips[i]]), color=AXIS_COLORS[i], width=1.8) for i in furthest_first]
