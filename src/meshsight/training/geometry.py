"""Flips, turns, scale, crop and shift of a training image as one affine map, and what it does to boxes.

The map takes continuous pixel coordinates of the stored image (pixel j covers [j, j+1)) to those of the network's
input.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float

from meshsight.core.boxes import Boxes, box_area, clip_boxes
from meshsight.core.images import RgbImage
from meshsight.core.letterbox import PAD_VALUE
from meshsight.specs.augmentation import AugmentationSpec

Affine = Float[np.ndarray, "2 3"]

SHRINKS_BELOW = 0.75
"""Below this scale bilinear sampling would skip pixels, so the image is first shrunk by area."""


def draw_affine(
    spec: AugmentationSpec, image_hw: tuple[int, int], input_hw: tuple[int, int], rng: np.random.Generator
) -> Affine:
    """Draws the map of one image.

    Every draw happens whatever the settings, so that changing one of them does not move the others.
    """
    turns = int(rng.integers(1, 4)) * int(rng.random() < spec.rotate90)
    flips = rng.random(2) < (spec.hflip, spec.vflip)
    low, high = np.log(spec.scale)
    zoom = np.exp(rng.uniform(low, high))
    stretch = np.exp(0.5 * np.log(spec.aspect) * rng.uniform(-1, 1))
    place, shift = rng.random(2), rng.uniform(-1, 1, size=2) * spec.translate
    height, width = image_hw if turns % 2 == 0 else image_hw[::-1]
    input_wh = np.array(input_hw[::-1], dtype=np.float64)
    sides = np.array([width, height]) * float(np.min(input_wh / (width, height))) * zoom * (stretch, 1 / stretch)
    # Room to spare is padding to share out; too little room is a window to choose. Both are a place in the difference.
    # Whole pixels, so that an image that is not scaled stays sharp.
    offset = np.round((input_wh - sides) * place + shift * input_wh)
    upright = _turn_and_flip(turns, flips)
    linear = np.diag(sides) @ upright[:, :2] @ np.diag(1 / np.array([image_hw[1], image_hw[0]]))
    return np.column_stack([linear, sides * upright[:, 2] + offset])


def _turn_and_flip(turns: int, flips: Bool[np.ndarray, "2"]) -> Affine:
    """The map of the unit square onto itself: quarter turns, then mirrors."""
    square = np.eye(3)
    for _ in range(turns):
        square = np.array([[0, -1, 1], [1, 0, 0], [0, 0, 1]]) @ square
    for axis in np.flatnonzero(flips):
        mirror = np.eye(3)
        mirror[axis, axis], mirror[axis, 2] = -1, 1
        square = mirror @ square
    return square[:2]


def warp_image(image: RgbImage, affine: Affine, input_hw: tuple[int, int]) -> RgbImage:
    """Warps an image into the network's input, by area where it shrinks and bilinear otherwise; the rest is grey."""
    scale_xy = np.abs(affine[:, :2]).sum(axis=0)
    if scale_xy.min() < SHRINKS_BELOW:
        height, width = image.shape[:2]
        small = (max(1, round(width * min(1.0, scale_xy[0]))), max(1, round(height * min(1.0, scale_xy[1]))))
        image = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
        affine = affine * np.array([width / small[0], height / small[1], 1.0])
    # OpenCV counts from pixel centres, we from pixel edges.
    shifted = affine[:, 2] + affine[:, :2] @ np.array([0.5, 0.5]) - 0.5
    matrix = np.column_stack([affine[:, :2], shifted])
    return cv2.warpAffine(
        image,
        matrix,
        (input_hw[1], input_hw[0]),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(PAD_VALUE, PAD_VALUE, PAD_VALUE),
    )


def warp_boxes(boxes: Boxes, affine: Affine) -> Boxes:
    """Maps boxes; exact, since the map only stretches, mirrors and turns by quarters."""
    corners = boxes.reshape(-1, 2, 2) @ affine[:, :2].T + affine[:, 2]
    return np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1).astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CroppedBoxes:
    """Boxes after the warp, cut to the input.

    Attributes:
        boxes: xyxy in input pixels; those that lie outside keep no area.
        is_outside: nothing is left of it.
        is_cut: too small a part is left to be asked for.
        is_tiny: too small at the input to be asked for.
    """

    boxes: Boxes
    is_outside: Bool[np.ndarray, " n"]
    is_cut: Bool[np.ndarray, " n"]
    is_tiny: Bool[np.ndarray, " n"]


def crop_boxes(spec: AugmentationSpec, warped: Boxes, input_hw: tuple[int, int]) -> CroppedBoxes:
    """Cuts warped boxes to the input and says which of them can no longer be asked for, and why."""
    clipped = clip_boxes(warped, input_hw)
    sides = clipped[:, 2:] - clipped[:, :2]
    is_outside = sides.min(axis=1, initial=np.inf) <= 0
    is_cut = ~is_outside & (box_area(clipped) < spec.min_remaining * box_area(warped))
    is_tiny = ~is_outside & ~is_cut & (sides.min(axis=1, initial=np.inf) < spec.min_side_px)
    return CroppedBoxes(boxes=clipped, is_outside=is_outside, is_cut=is_cut, is_tiny=is_tiny)
