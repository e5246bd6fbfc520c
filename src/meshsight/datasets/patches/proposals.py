"""Where patches are cut in an image; squares are whole pixels.

Shapes: n squares as x1, y1, x2, y2.
"""

from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Bool, Float

from meshsight.core.images import RgbImage
from meshsight.datasets.patches.things import Squares, Things, decide, sums_in
from meshsight.specs.patch_making import PatchMakeSpec


class Proposed(NamedTuple):
    """Squares of an image.

    Attributes:
        squares: where they lie.
        is_at_object: whether each was drawn around an object of the classes; one drawn elsewhere may show such an
            object by chance, but not as a proposal would.
    """

    squares: Squares
    is_at_object: Bool[np.ndarray, " n"]


def propose(image: RgbImage, things: Things, spec: PatchMakeSpec, rng: np.random.Generator) -> Proposed:
    """Draws squares around objects, beside them, and where there is none."""
    around = [_around(things, index, spec, rng) for index in _rows(things.is_shown & (things.class_ids >= 0))]
    others = [_beside(things, index, spec, rng) for index in _rows(things.class_ids >= 0)]
    others += [_around_other(things, index, spec, rng) for index in _rows(things.class_ids < 0)]
    others.append(_busy(image, things, spec, rng))
    others.append(_anywhere(image.shape[:2], _count(spec.negatives.anywhere, rng), spec, rng))
    squares = np.concatenate([part.reshape(-1, 4) for part in (*around, *others)])
    return Proposed(squares, np.arange(len(squares)) < sum(map(len, around)))


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
    means = sums_in(sums, squares) / np.prod(squares[:, 2:] - squares[:, :2], axis=1)
    means[(objects >= 0) | ~is_sure] = -1.0
    best = means.reshape(count, candidates).argmax(axis=1)
    return squares.reshape(count, candidates, 4)[np.arange(count), best]


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
