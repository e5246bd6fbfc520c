"""The objects of an image, how much of each can be seen in a square, and what the square is called for it.

Shapes: n squares and m objects or boxes as x1, y1, x2, y2.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int64

from meshsight.core.masks import decode_mask
from meshsight.datasets.patches.circle import Circle
from meshsight.records.sample import ObjectLabel, Sample
from meshsight.specs.patch_making import PatchMakeSpec

Boxes = Float[np.ndarray, "m 4"]
Squares = Int64[np.ndarray, "n 4"]
Sums = Float[np.ndarray, "_ _"]
"""An integral picture: at (y, x) the sum of what lies above and left of that corner."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Things:
    """The objects of an image.

    Attributes:
        boxes: of their full silhouettes, as far as known.
        class_ids: in the order of the recipe's classes; -1 for others.
        is_shown: whether patches are cut of them.
        seen: of each, the integral of the pixels in which it can be seen; None where only its box is known.
        areas: pixels of each full silhouette, or the area of its box.
    """

    boxes: Boxes
    class_ids: Int64[np.ndarray, " m"]
    is_shown: Bool[np.ndarray, " m"]
    seen: tuple[Sums | None, ...]
    areas: Float[np.ndarray, " m"]

    def circle(self, index: int) -> Circle:
        """Returns radius and centre of an object."""
        x1, y1, x2, y2 = self.boxes[index].tolist()
        return (x2 - x1 + y2 - y1) / 4, (x1 + x2) / 2, (y1 + y2) / 2


def things_of(sample: Sample, names: tuple[str, ...], spec: PatchMakeSpec) -> Things:
    """Returns the objects of a sample, those to be cut apart from those that are hardly seen."""
    known = list(spec.classes)
    boxes = [label.full_box or label.box for label in sample.objects]
    ids = [known.index(names[label.class_id]) if names[label.class_id] in known else -1 for label in sample.objects]
    seen = tuple(_sums(label) for label in sample.objects)
    return Things(
        boxes=np.array(boxes, dtype=np.float64).reshape(-1, 4),
        class_ids=np.array(ids, dtype=np.int64),
        is_shown=np.array([_is_shown(label, spec) for label in sample.objects], dtype=bool),
        seen=seen,
        areas=np.array([_area(label, sums) for label, sums in zip(sample.objects, seen, strict=True)], np.float64),
    )


def _sums(label: ObjectLabel) -> Sums | None:
    return None if label.mask is None else cv2.integral(decode_mask(label.mask).astype(np.uint8), sdepth=cv2.CV_64F)


def _area(label: ObjectLabel, seen: Sums | None) -> float:
    if seen is not None:
        return float(label.pixels.full if label.pixels is not None else seen[-1, -1])
    x1, y1, x2, y2 = label.full_box or label.box
    return (x2 - x1) * (y2 - y1)


def _is_shown(label: ObjectLabel, spec: PatchMakeSpec) -> bool:
    x1, y1, x2, y2 = label.full_box or label.box
    is_seen = label.pixels is None or label.pixels.visibility >= spec.min_visibility
    return is_seen and not label.is_ignored and min(x2 - x1, y2 - y1) >= spec.min_side_px


def sums_in(sums: Sums, squares: Squares) -> Float[np.ndarray, " n"]:
    """Returns the sum of a picture in each square, from its integral."""
    height, width = sums.shape[0] - 1, sums.shape[1] - 1
    x1, x2 = (np.clip(squares[:, column], 0, width) for column in (0, 2))
    y1, y2 = (np.clip(squares[:, column], 0, height) for column in (1, 3))
    return sums[y2, x2] - sums[y1, x2] - sums[y2, x1] + sums[y1, x1]


def pixels_in(things: Things, squares: Squares) -> Float[np.ndarray, "n m"]:
    """Returns how many pixels of each object can be seen in each square, or how much of its box lies there."""
    low = np.maximum(squares[:, None, :2], things.boxes[None, :, :2])
    high = np.minimum(squares[:, None, 2:], things.boxes[None, :, 2:])
    common = np.prod(np.maximum(high - low, 0), axis=2)
    for column, sums in enumerate(things.seen):
        if sums is not None:
            common[:, column] = sums_in(sums, squares)
    return common


def decide(things: Things, squares: Squares, spec: PatchMakeSpec) -> tuple[Int64[np.ndarray, " n"], np.ndarray]:
    """Says what each square shows.

    Returns:
        The object that each square is called after, -1 for none; and whether it can be said at all.
    """
    if len(things.boxes) == 0:
        return np.full(len(squares), -1, dtype=np.int64), np.ones(len(squares), dtype=bool)
    common = pixels_in(things, squares)
    shares = common / np.maximum(things.areas, 1e-9)
    covers = common / np.prod(squares[:, 2:] - squares[:, :2], axis=1)[:, None]
    wanted = np.array([*spec.classes.values(), np.inf])[things.class_ids]
    counts = things.class_ids >= 0
    named = (shares >= wanted) & counts
    most = np.where(named, shares / _distances(things, squares), -1.0).argmax(axis=1)
    is_faint = (shares < spec.background_below) & (covers < spec.covered_below)
    is_empty = (is_faint | ~counts).all(axis=1)
    classes_here = [named[:, things.class_ids == class_id].any(axis=1) for class_id in range(len(spec.classes))]
    is_one_class = np.sum(classes_here, axis=0) == 1
    is_shown = things.is_shown[most]
    objects = np.where(is_one_class, most, -1)
    return objects, is_empty | (is_one_class & is_shown)


def _distances(things: Things, squares: Squares) -> Float[np.ndarray, "n m"]:
    """Returns 1 and more: how far each object is from the middle of each square, in sides."""
    middles = (squares[:, None, :2] + squares[:, None, 2:]) / 2
    centres = (things.boxes[None, :, :2] + things.boxes[None, :, 2:]) / 2
    return 1 + np.linalg.norm(middles - centres, axis=2) / (squares[:, None, 2] - squares[:, None, 0])
