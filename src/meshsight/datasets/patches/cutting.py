"""Patches cut from one labelled image.

Shapes: n patches of height h, width w and c channels.
"""

from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float, Int64, UInt8

from meshsight.core.images import RgbImage
from meshsight.core.rng import stream
from meshsight.datasets.patches.colour import in_colours
from meshsight.datasets.patches.proposals import propose
from meshsight.datasets.patches.things import Squares, decide, things_of
from meshsight.records.sample import Sample
from meshsight.specs.patch_making import PatchMakeSpec

_RESAMPLE = {"area": cv2.INTER_AREA, "nearest": cv2.INTER_NEAREST, "linear": cv2.INTER_LINEAR}


class CutPatches(NamedTuple):
    """What one image gave.

    Attributes:
        pixels: of each patch.
        labels: 0 for nothing, or 1 + the class's place in the recipe.
        circles: radius and centre x as shares of the patch's width, centre y of its height; zeros for nothing.
        corners: x1, y1, x2, y2 in pixels of the image.
        num_left_out: squares of which it could not be said what they show.
    """

    pixels: UInt8[np.ndarray, "n h w c"]
    labels: Int64[np.ndarray, " n"]
    circles: Float[np.ndarray, "n 3"]
    corners: Squares
    num_left_out: int


def cut_patches(image: RgbImage, sample: Sample, names: tuple[str, ...], spec: PatchMakeSpec) -> CutPatches:
    """Cuts the patches of one image; they depend on the recipe's seed and the sample's number alone.

    Args:
        image: the pixels.
        sample: its labels.
        names: the data set's classes by id.
        spec: the recipe.
    """
    rng = stream(spec.seed, sample.frame, "patches")
    things = things_of(sample, names, spec)
    squares, is_at_object = propose(image, things, spec, rng)
    objects, is_sure = decide(things, squares, spec)
    is_sure &= is_at_object | (objects < 0)
    squares, objects = squares[is_sure], objects[is_sure]
    circles = np.zeros((len(squares), 3))
    labels = np.zeros(len(squares), dtype=np.int64)
    for row in np.flatnonzero(objects >= 0):
        radius, x, y = things.circle(int(objects[row]))
        left, top, right, _ = squares[row].tolist()
        side = right - left
        circles[row] = radius / side, (x - left) / side, (y - top) / side
        labels[row] = 1 + things.class_ids[objects[row]]
    return CutPatches(
        pixels=_pixels(image, squares, spec),
        labels=labels,
        circles=circles,
        corners=squares,
        num_left_out=int((~is_sure).sum()),
    )


def _pixels(image: RgbImage, squares: Squares, spec: PatchMakeSpec) -> UInt8[np.ndarray, "n h w c"]:
    channels = {"rgb": 3, "yuv422_cv2": 2, "yuv422_pil": 2}.get(spec.colour, 1)
    patches = np.zeros((len(squares), *spec.size_hw, channels), dtype=np.uint8)
    for row, square in enumerate(squares):
        patches[row] = in_colours(_resized(image, square.tolist(), spec), spec.colour)
    return patches


def _resized(image: RgbImage, square: list[int], spec: PatchMakeSpec) -> RgbImage:
    x1, y1, x2, y2 = square
    height, width = image.shape[:2]
    inner = image[max(y1, 0) : max(y2, 0), max(x1, 0) : max(x2, 0)]
    margins = (max(-y1, 0), max(y2 - height, 0), max(-x1, 0), max(x2 - width, 0))
    if any(margins) or inner.size == 0:
        full = np.full((y2 - y1, x2 - x1, 3), spec.outside, dtype=np.uint8)
        if inner.size:
            full[margins[0] : margins[0] + inner.shape[0], margins[2] : margins[2] + inner.shape[1]] = inner
        inner = full
    how = _RESAMPLE[spec.resample]
    if how == cv2.INTER_AREA and inner.shape[0] < spec.size_hw[0]:
        how = cv2.INTER_LINEAR  # areas make blocks where a patch is larger than its square
    return cv2.resize(np.ascontiguousarray(inner), spec.size_hw[::-1], interpolation=how)
