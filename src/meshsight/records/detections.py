"""Steps 7 and 10 of the walk: what a detector says about one image, and the last stretch to it in numpy."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32, Int64

from meshsight.core.boxes import box_area, class_wise_nms, soft_nms
from meshsight.core.images import RgbImage
from meshsight.core.letterbox import Letterbox, boxes_to_original
from meshsight.specs.decoding import DecodeSpec


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Detections:
    """Detections of one image, best first.

    Attributes:
        boxes: xyxy in pixels of the original image.
        scores: confidence in 0..1.
        class_ids: from 0.
    """

    boxes: Float32[np.ndarray, "n 4"]
    scores: Float32[np.ndarray, " n"]
    class_ids: Int64[np.ndarray, " n"]


@runtime_checkable
class ObjectDetector(Protocol):
    """Anything that finds objects: a trained run (torch) or an exported artifact (no torch)."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names by class id."""
        ...

    def predict(self, images: Sequence[RgbImage]) -> list[Detections]:
        """Detects objects in images of any sizes; one result for each image, in order."""
        ...


def no_detections() -> Detections:
    """Returns an empty result."""
    return Detections(
        boxes=np.zeros((0, 4), np.float32), scores=np.zeros(0, np.float32), class_ids=np.zeros(0, np.int64)
    )


def select_detections(
    boxes: Float32[np.ndarray, "k 4"],
    scores: Float32[np.ndarray, " k"],
    class_ids: Int64[np.ndarray, " k"],
    spec: DecodeSpec,
    letterbox: Letterbox,
) -> Detections:
    """Turns one image's candidates into detections: threshold, class-wise suppression, original pixels.

    Args:
        boxes: xyxy in pixels of the network's input.
        scores: confidence in 0..1.
        class_ids: class of each candidate.
        spec: thresholds.
        letterbox: how the image was fitted into the input.
    """
    likely = np.flatnonzero(scores > spec.score_threshold)
    kept, lowered = suppress_weaker(boxes[likely], scores[likely], class_ids[likely], spec)
    keep, lowered = likely[kept][: spec.max_detections], lowered[: spec.max_detections]
    found = boxes_to_original(letterbox, boxes[keep])
    inside = box_area(found) > 0  # a box that lies wholly in the padding is nothing
    return Detections(boxes=found[inside], scores=lowered[inside], class_ids=class_ids[keep][inside].astype(np.int64))


def suppress_weaker(
    boxes: Float32[np.ndarray, "k 4"],
    scores: Float32[np.ndarray, " k"],
    class_ids: Int64[np.ndarray, " k"],
    spec: DecodeSpec,
) -> tuple[Int64[np.ndarray, " n"], Float32[np.ndarray, " n"]]:
    """Suppresses, within each class, what a better box overlaps.

    Returns:
        The indices that stay, best first, and their scores, which soft suppression has lowered.
    """
    if spec.suppression == "hard":
        kept = class_wise_nms(boxes, scores, class_ids, spec.nms_iou)
        return kept, scores[kept]
    picked, lowered = [np.zeros(0, np.int64)], [np.zeros(0, np.float32)]
    for class_id in np.unique(class_ids):
        members = np.flatnonzero(class_ids == class_id)
        order, left = soft_nms(boxes[members], scores[members], _decay(spec))
        picked.append(members[order])
        lowered.append(left)
    kept, left = np.concatenate(picked), np.concatenate(lowered)
    best_first = np.argsort(-left, kind="stable")
    best_first = best_first[left[best_first] > spec.score_threshold]
    return kept[best_first], left[best_first]


def _decay(spec: DecodeSpec) -> Callable[[Float32[np.ndarray, " m"]], Float32[np.ndarray, " m"]]:
    if spec.suppression == "gaussian":
        return lambda overlap: np.exp(-np.square(overlap) / np.float32(spec.soft_sigma))
    return lambda overlap: np.where(overlap > spec.nms_iou, 1 - overlap, np.float32(1.0))
