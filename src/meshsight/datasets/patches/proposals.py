"""Where patches are cut in an image, and what each one shows; squares are whole pixels.

Shapes: n squares or boxes as x1, y1, x2, y2.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, Int64

from meshsight.core.images import RgbImage
from meshsight.datasets.patches.circle import Circle
from meshsight.records.sample import ObjectLabel, Sample
from meshsight.specs.patch_making import PatchMakeSpec

Boxes = Float[np.ndarray, "n 4"]
Squares = Int64[np.ndarray, "n 4"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Things:
    """The objects of an image.

    Attributes:
        boxes: of their full silhouettes, as far as known.
        class_ids: in the order of the recipe's classes; -1 for others.
        is_shown: whether patches are cut of them.
    """

    boxes: Boxes
    class_ids: Int64[np.ndarray, " n"]
    is_shown: np.ndarray

    def circle(self, index: int) -> Circle:
        """Returns radius and centre of an object."""
        x1, y1, x2, y2 = self.boxes[index].tolist()
        return (x2 - x1 + y2 - y1) / 4, (x1 + x2) / 2, (y1 + y2) / 2


def things_of(sample: Sample, names: tuple[str, ...], spec: PatchMakeSpec) -> Things:
    """Returns the objects of a sample, those to be cut apart from those that are hardly seen."""
    known = list(spec.classes)
    boxes = [label.full_box or label.box for label in sample.objects]
    ids = [known.index(names[label.class_id]) if names[label.class_id] in known else -1 for label in sample.objects]
    return Things(
        boxes=np.array(boxes, dtype=np.float64).reshape(-1, 4),
        class_ids=np.array(ids, dtype=np.int64),
        is_shown=np.array([_is_shown(label, spec) for label in sample.objects], dtype=bool),
    )


def _is_shown(label: ObjectLabel, spec: PatchMakeSpec) -> bool:
    x1, y1, x2, y2 = label.full_box or label.box
    is_seen = label.pixels is None or label.pixels.visibility >= spec.min_visibility
    return is_seen and not label.is_ignored and min(x2 - x1, y2 - y1) >= spec.min_side_px


def propose(image: RgbImage, things: Things, spec: PatchMakeSpec, rng: np.random.Generator) -> Squares:
    """Draws squares around objects, beside them, and where there is none."""
    parts = [_around(things, index, spec, rng) for index in _rows(things.is_shown & (things.class_ids >= 0))]
    parts += [_beside(things, index, spec, rng) for index in _rows(things.class_ids >= 0)]
    parts += [_around_other(things, index, spec, rng) for index in _rows(things.class_ids < 0)]
    parts.append(_busy(image, things, spec, rng))
    parts.append(_anywhere(image.shape[:2], _count(spec.negatives.anywhere, rng), spec, rng))
    return np.concatenate([part.reshape(-1, 4) for part in parts])


def shares_of(things: Things, squares: Squares) -> Float[np.ndarray, "n m"]:
    """Returns of each object the share of its box that lies in each square."""
    low = np.maximum(squares[:, None, :2], things.boxes[None, :, :2])
    high = np.minimum(squares[:, None, 2:], things.boxes[None, :, 2:])
    common = np.prod(np.maximum(high - low, 0), axis=2)
    areas = np.prod(things.boxes[:, 2:] - things.boxes[:, :2], axis=1)
    return common / np.maximum(areas, 1e-9)


def decide(things: Things, squares: Squares, spec: PatchMakeSpec) -> tuple[Int64[np.ndarray, " n"], np.ndarray]:
    """Says what each square shows.

    Returns:
        The object that each square is called after, -1 for none; and whether it can be said at all.
    """
    if len(things.boxes) == 0:
        return np.full(len(squares), -1, dtype=np.int64), np.ones(len(squares), dtype=bool)
    shares = shares_of(things, squares)
    wanted = np.array([*spec.classes.values(), np.inf])[things.class_ids]
    counts = things.class_ids >= 0
    named = (shares >= wanted) & counts
    most = np.where(named, shares / _distances(things, squares), -1.0).argmax(axis=1)
    is_empty = np.where(counts, shares, 0.0).max(axis=1) < spec.background_below
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


def _around(things: Things, index: int, spec: PatchMakeSpec, rng: np.random.Generator) -> Squares:
    radius, x, y = things.circle(index)
    count = spec.proposals.per_object
    sides = 2 * radius * _even_in_ratio(spec.proposals.scale, count, rng)
    distance, angle = spec.proposals.shift * np.sqrt(rng.random(count)), rng.uniform(0, 2 * np.pi, count)
    return _squares(x + sides * distance * np.cos(angle), y + sides * distance * np.sin(angle), sides, spec.border)


def _beside(things: Things, index: int, spec: PatchMakeSpec, rng: np.random.Generator) -> Squares:
    """Squares of the usual sizes whose middle lies about a diameter off."""
    radius, x, y = things.circle(index)
    count = _count(spec.negatives.near, rng)
    sides = 2 * radius * _even_in_ratio(spec.proposals.scale, count, rng)
    reach = (radius + sides / 2) * rng.uniform(0.75, 1.3, count)
    angle = rng.uniform(0, 2 * np.pi, count)
    return _squares(x + reach * np.cos(angle), y + reach * np.sin(angle), sides, spec.border)


def _around_other(things: Things, index: int, spec: PatchMakeSpec, rng: np.random.Generator) -> Squares:
    """Squares on an object of another class, from a part of it to all of it."""
    x1, y1, x2, y2 = things.boxes[index]
    count = _count(spec.negatives.others, rng)
    sides = max(x2 - x1, y2 - y1) * _even_in_ratio((0.25, 1.3), count, rng)
    return _squares(rng.uniform(x1, x2, count), rng.uniform(y1, y2, count), np.maximum(sides, 4.0), spec.border)


def _busy(image: RgbImage, things: Things, spec: PatchMakeSpec, rng: np.random.Generator) -> Squares:
    """Of several squares without an object, each time the one with the strongest edges."""
    count, candidates = _count(spec.negatives.busy, rng), spec.negatives.candidates
    if count == 0:
        return np.zeros((0, 4), dtype=np.int64)
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    edges = cv2.magnitude(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
    sums = cv2.integral(edges, sdepth=cv2.CV_64F)
    squares = _anywhere(image.shape[:2], count * candidates, spec, rng)
    objects, is_sure = decide(things, squares, spec)
    means = _means(sums, squares)
    means[(objects >= 0) | ~is_sure] = -1.0
    best = means.reshape(count, candidates).argmax(axis=1)
    return squares.reshape(count, candidates, 4)[np.arange(count), best]


def _means(sums: Float[np.ndarray, "_ _"], squares: Squares) -> Float[np.ndarray, " n"]:
    """Returns the mean of a picture in each square, from its integral."""
    height, width = sums.shape[0] - 1, sums.shape[1] - 1
    x1, x2 = (np.clip(squares[:, column], 0, width) for column in (0, 2))
    y1, y2 = (np.clip(squares[:, column], 0, height) for column in (1, 3))
    total = sums[y2, x2] - sums[y1, x2] - sums[y2, x1] + sums[y1, x1]
    return total / np.maximum(np.prod(squares[:, 2:] - squares[:, :2], axis=1), 1)


def _anywhere(size_hw: tuple[int, ...], count: int, spec: PatchMakeSpec, rng: np.random.Generator) -> Squares:
    sides = _even_in_ratio(spec.negatives.side_px, count, rng)
    sides = np.minimum(sides, min(size_hw[:2]))
    x = rng.uniform(sides / 2, size_hw[1] - sides / 2)
    y = rng.uniform(sides / 2, size_hw[0] - sides / 2)
    return _squares(x, y, sides, 0.0)


def _squares(x: np.ndarray, y: np.ndarray, sides: np.ndarray, border: float) -> Squares:
    """Returns squares of whole pixels about centres."""
    whole = np.maximum(np.round(np.asarray(sides) * (1 + 2 * border)), 2).astype(np.int64)
    left = np.round(x - whole / 2).astype(np.int64)
    top = np.round(y - whole / 2).astype(np.int64)
    return np.stack([left, top, left + whole, top + whole], axis=1)


def _rows(mask: np.ndarray) -> list[int]:
    return np.flatnonzero(mask).tolist()


def _even_in_ratio(
    limits: tuple[float | int, float | int], count: int, rng: np.random.Generator
) -> Float[np.ndarray, " n"]:
    """Draws numbers whose logarithm is uniform."""
    return np.exp(rng.uniform(np.log(limits[0]), np.log(limits[1]), count))


def _count(mean: float, rng: np.random.Generator) -> int:
    """Returns a whole number whose mean is the one asked for."""
    return int(mean) + int(rng.random() < mean % 1)
