"""Step 8 of the walk, first half: samples and detections of many images as flat columns.

Shapes: m objects of the truth, n detections, over all images.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter

import numpy as np
from jaxtyping import Bool, Float64, Int64

from meshsight.core.errors import DataError
from meshsight.core.masks import mask_area
from meshsight.records.detections import Detections
from meshsight.records.sample import ObjectLabel, PixelCounts, Sample

MAX_DETECTIONS = 100
"""Detections that count for a class and image, as in COCO."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FlatTruth:
    """The labelled objects of all images, in image order.

    Attributes:
        image, position: which sample, and which of its objects.
        class_id: from 0.
        box: xyxy, float64.
        area: visible pixels where known, otherwise the mask's or the box's area.
        is_ignored: neither right nor wrong to detect; overlap with it is measured as COCO does for crowds.
        visibility, truncation, occlusion: in 0..1, NaN where unknown.
    """

    image: Int64[np.ndarray, " m"]
    position: Int64[np.ndarray, " m"]
    class_id: Int64[np.ndarray, " m"]
    box: Float64[np.ndarray, "m 4"]
    area: Float64[np.ndarray, " m"]
    is_ignored: Bool[np.ndarray, " m"]
    visibility: Float64[np.ndarray, " m"]
    truncation: Float64[np.ndarray, " m"]
    occlusion: Float64[np.ndarray, " m"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FlatDetections:
    """The detections of all images, by image, then class, then best first.

    Attributes:
        image, class_id: whose they are.
        box: xyxy, float64.
        score: confidence in 0..1.
    """

    image: Int64[np.ndarray, " n"]
    class_id: Int64[np.ndarray, " n"]
    box: Float64[np.ndarray, "n 4"]
    score: Float64[np.ndarray, " n"]


def flatten_truth(samples: Sequence[Sample], num_classes: int, min_visibility: float) -> FlatTruth:
    """Lays out the truth in columns.

    Objects flagged as ignored, and those of which less than `min_visibility` is visible, become ignore regions. Where
    the pixel counts are unknown, only the flag decides.

    Raises:
        DataError: an object's class id is not below `num_classes`.
    """
    rows = [(i, k, label) for i, sample in enumerate(samples) for k, label in enumerate(sample.objects)]
    for i, k, label in rows:
        if not 0 <= label.class_id < num_classes:
            where = f"{samples[i].image}: object {k}"
            raise DataError(
                f"{where}: class id {label.class_id}, but there are {num_classes} classes (0 to {num_classes - 1})"
            )
    labels = [label for _, _, label in rows]
    visibility = _of_pixels(labels, attrgetter("visibility"))
    flagged = np.array([label.is_ignored for label in labels], dtype=bool)
    return FlatTruth(
        image=np.array([i for i, _, _ in rows], dtype=np.int64),
        position=np.array([k for _, k, _ in rows], dtype=np.int64),
        class_id=np.array([label.class_id for label in labels], dtype=np.int64),
        box=np.array([label.box for label in labels], dtype=np.float64).reshape(-1, 4),
        area=np.array([_area(label) for label in labels], dtype=np.float64),
        is_ignored=flagged | (visibility < min_visibility),
        visibility=visibility,
        truncation=_of_pixels(labels, attrgetter("truncation")),
        occlusion=_of_pixels(labels, attrgetter("occlusion")),
    )


def flatten_detections(detections: Sequence[Detections], num_classes: int) -> FlatDetections:
    """Lays out detections in columns: the `MAX_DETECTIONS` best of each class and image, of equal scores the first.

    Raises:
        DataError: a class id is not below `num_classes`.
    """
    counts = [len(one.scores) for one in detections]
    image = np.repeat(np.arange(len(detections), dtype=np.int64), counts)
    class_id = np.concatenate([np.zeros(0, np.int64), *(one.class_ids for one in detections)])
    box = np.concatenate([np.zeros((0, 4)), *(one.boxes for one in detections)]).astype(np.float64)
    score = np.concatenate([np.zeros(0), *(one.scores for one in detections)]).astype(np.float64)
    if class_id.size and not (class_id.min() >= 0 and class_id.max() < num_classes):
        raise DataError(
            f"detections have class ids {class_id.min()} to {class_id.max()}, but there are {num_classes} classes"
        )
    order = np.lexsort((-score, class_id, image))
    group = (image * num_classes + class_id)[order]
    rank = np.arange(len(group)) - np.searchsorted(group, group)
    keep = order[rank < MAX_DETECTIONS]
    return FlatDetections(image=image[keep], class_id=class_id[keep], box=box[keep], score=score[keep])


def longest_side(box: Float64[np.ndarray, "n 4"]) -> Float64[np.ndarray, " n"]:
    """Returns the longer side of each box in pixels."""
    return np.maximum(box[:, 2] - box[:, 0], box[:, 3] - box[:, 1])


def _of_pixels(labels: Sequence[ObjectLabel], value: Callable[[PixelCounts], float]) -> Float64[np.ndarray, " m"]:
    values = [np.nan if label.pixels is None else value(label.pixels) for label in labels]
    return np.array(values, dtype=np.float64)


def _area(label: ObjectLabel) -> float:
    if label.pixels is not None:
        return float(label.pixels.visible)
    if label.mask is not None:
        return float(mask_area(label.mask))
    x1, y1, x2, y2 = label.box
    return (x2 - x1) * (y2 - y1)
