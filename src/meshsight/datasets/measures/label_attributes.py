"""What labels say in numbers: size, shape, place, visibility, distance and viewpoint of every object.

Used by the report card and by the comparison with real photographs. Works on batches of samples, so that the cost of
numpy's calls is shared.

Shapes: n objects, i images.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from jaxtyping import Float, Int

from meshsight.datasets.measures.viewpoints import viewpoints_of
from meshsight.records.sample import ObjectLabel, Sample

BATCH = 512


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelAttributes:
    """Numbers of the objects of some samples, without regions to ignore; NaN is what is not known.

    Attributes:
        image: index of each object's sample.
        class_id: from 0.
        boxes: xyxy as shares of the image's width and height.
        size_px: square root of the box's area in pixels.
        scale: the same as a share of the image's: sqrt(box area / image area).
        aspect: width / height.
        visibility, truncation, occlusion: shares, from exact counts or, failing those, as the data set states them.
        distance_m: from the camera to the middle of the object's box.
        direction: unit vector from there to the camera, in the object's frame.
        roll_rad: turn of the object's z axis in the image, clockwise from upright.
    """

    image: Int[np.ndarray, " n"]
    class_id: Int[np.ndarray, " n"]
    boxes: Float[np.ndarray, "n 4"]
    size_px: Float[np.ndarray, " n"]
    scale: Float[np.ndarray, " n"]
    aspect: Float[np.ndarray, " n"]
    visibility: Float[np.ndarray, " n"]
    truncation: Float[np.ndarray, " n"]
    occlusion: Float[np.ndarray, " n"]
    distance_m: Float[np.ndarray, " n"]
    direction: Float[np.ndarray, "n 3"]
    roll_rad: Float[np.ndarray, " n"]

    @property
    def center(self) -> Float[np.ndarray, "n 2"]:
        """Middle of each box as shares of the image's width and height."""
        return (self.boxes[:, :2] + self.boxes[:, 2:]) / 2


def batches(samples: Iterable[Sample], size: int = BATCH) -> Iterator[list[Sample]]:
    """Yields consecutive samples in lists."""
    stream = iter(samples)
    while batch := list(islice(stream, size)):
        yield batch


def label_attributes(samples: Sequence[Sample]) -> LabelAttributes:
    """Measures every object of some samples but the regions to ignore."""
    rows = [(i, label) for i, sample in enumerate(samples) for label in sample.objects if not label.is_ignored]
    image = np.array([i for i, _ in rows], dtype=np.int64)
    sizes_hw = np.array([sample.size_hw for sample in samples], dtype=np.float64).reshape(-1, 2)[image]
    pixels = np.array([label.box for _, label in rows], dtype=np.float64).reshape(-1, 4)
    sides = np.maximum(pixels[:, 2:] - pixels[:, :2], np.finfo(np.float64).tiny)
    size_px = np.sqrt(sides[:, 0]) * np.sqrt(sides[:, 1])
    shares = np.array([_visibility_of(label) for _, label in rows], dtype=np.float64).reshape(-1, 3)
    views = viewpoints_of([label.pose for _, label in rows])
    return LabelAttributes(
        image=image,
        class_id=np.array([label.class_id for _, label in rows], dtype=np.int64),
        boxes=pixels / np.tile(sizes_hw[:, ::-1], 2),
        size_px=size_px,
        scale=size_px / np.sqrt(sizes_hw[:, 0] * sizes_hw[:, 1]),
        aspect=sides[:, 0] / sides[:, 1],
        visibility=shares[:, 0],
        truncation=shares[:, 1],
        occlusion=shares[:, 2],
        distance_m=views.distance_m,
        direction=views.direction,
        roll_rad=views.roll_rad,
    )


_UNKNOWN = float("nan")


def _visibility_of(label: ObjectLabel) -> tuple[float, float, float]:
    """Visibility, truncation and occlusion."""
    if label.pixels is not None:
        return label.pixels.visibility, label.pixels.truncation, label.pixels.occlusion
    if label.stated is not None:
        return _or_unknown(label.stated.visibility), _or_unknown(label.stated.truncation), _UNKNOWN
    return _UNKNOWN, _UNKNOWN, _UNKNOWN


def _or_unknown(value: float | None) -> float:
    return _UNKNOWN if value is None else value
