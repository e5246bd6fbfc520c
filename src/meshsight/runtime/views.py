"""Detectors made of detectors: mirrored and rescaled views, several members, tiles. Each is an `ObjectDetector`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import numpy as np

from meshsight.core.errors import CallError
from meshsight.core.images import RgbImage
from meshsight.records.detections import Detections, ObjectDetector
from meshsight.runtime.fusion import Fusion
from meshsight.specs.decoding import DecodeSpec
from meshsight.specs.inference import Flip


@runtime_checkable
class Adjustable(ObjectDetector, Protocol):
    """A detector whose input and thresholds can be changed: a run, and as far as thresholds go an artifact."""

    @property
    def decode_spec(self) -> DecodeSpec:
        """Its thresholds."""
        ...

    def with_decode(self, decode: DecodeSpec) -> "Adjustable":
        """Returns the same detector with other thresholds."""
        ...

    def with_scale(self, scale: float) -> "Adjustable":
        """Returns the same detector with an input that many times as high and wide.

        Raises:
            CallError: its input is fixed.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class View:
    """One way of looking: a detector, how the image is mirrored for it, and how much it is trusted."""

    detector: ObjectDetector
    flip: Flip = "none"
    weight: float = 1.0
    class_ids: tuple[int, ...] = ()
    """The joined detector's class id of each of this one's; empty where they are the same."""


class MultiViewDetector:
    """Looks at each image in several ways and joins what it finds."""

    def __init__(self, views: Sequence[View], classes: tuple[str, ...], fusion: Fusion, max_detections: int) -> None:
        self._views = views
        self._classes = classes
        self._fusion = fusion
        self._max_detections = max_detections

    @property
    def classes(self) -> tuple[str, ...]:
        """Names by class id."""
        return self._classes

    def predict(self, images: Sequence[RgbImage]) -> list[Detections]:
        """Detects objects in images of any sizes; one result for each image, in order."""
        found = [_look(view, images) for view in self._views]
        weights = [view.weight for view in self._views]
        return [first(self._fusion(list(lists), weights), self._max_detections) for lists in zip(*found, strict=True)]


def class_ids_of(member: ObjectDetector, classes: tuple[str, ...], name: str) -> tuple[int, ...]:
    """Returns the class id, in `classes`, of each class of a member of an ensemble.

    Raises:
        CallError: the member knows other classes.
    """
    if set(member.classes) != set(classes):
        odd = sorted(set(member.classes) ^ set(classes))
        raise CallError(
            f"{name}: detectors can be joined only when they know the same classes; not in both: {', '.join(odd)}"
        )
    return tuple(classes.index(own) for own in member.classes)


def first(found: Detections, count: int) -> Detections:
    """Returns the best `count` detections."""
    return Detections(boxes=found.boxes[:count], scores=found.scores[:count], class_ids=found.class_ids[:count])


def _look(view: View, images: Sequence[RgbImage]) -> list[Detections]:
    found = view.detector.predict([mirror(image, view.flip) for image in images])
    unmirrored = [mirror_back(one, view.flip, image) for one, image in zip(found, images, strict=True)]
    if not view.class_ids:
        return unmirrored
    ids = np.asarray(view.class_ids, np.int64)
    return [replace(one, class_ids=ids[one.class_ids]) for one in unmirrored]


def mirror(image: RgbImage, flip: Flip) -> RgbImage:
    """Mirrors an image."""
    if flip in ("horizontal", "both"):
        image = image[:, ::-1]
    if flip in ("vertical", "both"):
        image = image[::-1]
    return np.ascontiguousarray(image)


def mirror_back(found: Detections, flip: Flip, image: RgbImage) -> Detections:
    """Maps detections in a mirrored image to the image itself."""
    boxes = found.boxes.copy()
    height, width = image.shape[:2]
    if flip in ("horizontal", "both"):
        boxes[:, [0, 2]] = width - boxes[:, [2, 0]]
    if flip in ("vertical", "both"):
        boxes[:, [1, 3]] = height - boxes[:, [3, 1]]
    return replace(found, boxes=boxes)
