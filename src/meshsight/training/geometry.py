"""Flips, turns, scale, crop, shift, rotation and shear of a training image as one affine map.

The map takes continuous pixel coordinates of the stored image (pixel j covers [j, j+1)) to those of the network's
input.
"""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Bool, Float

from meshsight.core.boxes import Boxes
from meshsight.core.images import RgbImage
from meshsight.core.letterbox import PAD_VALUE
from meshsight.specs.augmentation import AugmentationSpec
from meshsight.training.picture import Affine

SHRINKS_BELOW = 0.75
"""Below this scale bilinear sampling would skip pixels, so the image is first shrunk by area."""


class Placement(NamedTuple):
    """How one image is to lie in the input.

    Attributes:
        turns: quarter turns.
        flips: left to right, top to bottom.
        zoom: factor on the scale that fits.
        stretch: square root of the factor on width over height.
        place: 0..1 of the room to spare in x and y, or of the window's choice.
        shift: in pixels of the input.
    """

    turns: int
    flips: Bool[np.ndarray, "2"]
    zoom: float
    stretch: float
    place: Float[np.ndarray, "2"]
    shift: Float[np.ndarray, "2"]


def draw_placement(spec: AugmentationSpec, input_hw: tuple[int, int], rng: np.random.Generator) -> Placement:
    """Draws the placement of one image.

    Every draw happens whatever the settings, so that changing one of them does not move the others.
    """
    turns = int(rng.integers(1, 4)) * int(rng.random() < spec.rotate90)
    flips = rng.random(2) < (spec.hflip, spec.vflip)
    zoom = _zoom(spec, rng.random())
    stretch = float(np.exp(0.5 * np.log(spec.aspect) * rng.uniform(-1, 1)))
    place, shift = rng.random(2), rng.uniform(-1, 1, size=2) * spec.translate * np.array(input_hw[::-1])
    return Placement(turns, flips, zoom, stretch, place, shift)


def _zoom(spec: AugmentationSpec, draw: float) -> float:
    if spec.scale_choices is not None:
        return spec.scale_choices[int(draw * len(spec.scale_choices))]
    low, high = spec.scale
    if spec.scale_sampling == "uniform":
        return low + (high - low) * draw
    return float(np.exp(np.log(low) + (np.log(high) - np.log(low)) * draw))


def fit(spec: AugmentationSpec, drawn: Placement, image_hw: tuple[int, int], input_hw: tuple[int, int]) -> Affine:
    """Returns the map of one image into the input, in which at zoom 1 the whole of it just fits."""
    height, width = image_hw if drawn.turns % 2 == 0 else image_hw[::-1]
    input_wh = np.array(input_hw[::-1], dtype=np.float64)
    scale = float(np.min(input_wh / (width, height))) * drawn.zoom
    sides = np.array([width, height]) * scale * (drawn.stretch, 1 / drawn.stretch)
    # Room to spare is padding to share out; too little room is a window to choose. Both are a place in the difference.
    spare = input_wh - sides
    place = np.where((spare > 0) & (spec.place == "top_left"), 0.0, drawn.place)
    # Whole pixels, so that an image that is not scaled stays sharp.
    return _onto(image_hw, sides, drawn, np.round(spare * place + drawn.shift))


def fit_middle(drawn: Placement, image_hw: tuple[int, int], input_hw: tuple[int, int]) -> Affine:
    """Returns the map of a mosaic into the input, its middle onto the input's; at zoom 1 pixels keep their size."""
    height, width = image_hw if drawn.turns % 2 == 0 else image_hw[::-1]
    sides = np.array([width, height]) * drawn.zoom * (drawn.stretch, 1 / drawn.stretch)
    return _onto(image_hw, sides, drawn, (np.array(input_hw[::-1]) - sides) / 2 + drawn.shift)


def _onto(
    image_hw: tuple[int, int], sides: Float[np.ndarray, "2"], drawn: Placement, offset: Float[np.ndarray, "2"]
) -> Affine:
    """Maps an image, turned and mirrored, onto a rectangle of the input."""
    upright = _turn_and_flip(drawn.turns, drawn.flips)
    linear = np.diag(sides) @ upright[:, :2] @ np.diag(1 / np.array([image_hw[1], image_hw[0]]))
    return np.column_stack([linear, sides * upright[:, 2] + offset])


def draw_turn(spec: AugmentationSpec, input_hw: tuple[int, int], rng: np.random.Generator) -> Affine:
    """Draws a rotation and shears about the middle of the input, which come after everything else."""
    angle = np.deg2rad(spec.rotate_deg) * rng.uniform(-1, 1)
    shear = np.tan(np.deg2rad(spec.shear_deg) * rng.uniform(-1, 1, size=2))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = np.array([[1, shear[0]], [shear[1], 1]]) @ turn
    middle = np.array([input_hw[1], input_hw[0]]) / 2
    return np.column_stack([linear, middle - linear @ middle])


def after(first: Affine, then: Affine) -> Affine:
    """Returns the map that does one after the other."""
    return np.column_stack([then[:, :2] @ first[:, :2], then[:, :2] @ first[:, 2] + then[:, 2]])


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
    scale_xy = np.linalg.norm(affine[:, :2], axis=0)
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


def judge_boxes(spec: AugmentationSpec, boxes: Boxes, share: Float[np.ndarray, " n"]) -> CroppedBoxes:
    """Says which objects can no longer be asked for, and why.

    Args:
        spec: the limits.
        boxes: cut to the input.
        share: of each box before all cuts.
    """
    shorter = (boxes[:, 2:] - boxes[:, :2]).min(axis=1, initial=np.inf)
    is_outside = (shorter <= 0) | (share <= 0)
    is_cut = ~is_outside & (share < spec.min_remaining)
    is_tiny = ~is_outside & ~is_cut & (shorter < spec.min_side_px)
    return CroppedBoxes(boxes=boxes, is_outside=is_outside, is_cut=is_cut, is_tiny=is_tiny)
