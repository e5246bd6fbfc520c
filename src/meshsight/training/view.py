"""Which part of an image is looked at, before it is scaled: zoomed out, cropped by overlap, cropped by size.

A view is xyxy in whole pixels of the image; zooming out makes it larger than the image, whose surroundings are grey.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Int64

from meshsight.core.boxes import Boxes, box_iou
from meshsight.specs.augmentation import AugmentationSpec
from meshsight.specs.cropping import CropSpec, IouCropSpec, ZoomOutSpec

View = Int64[np.ndarray, "4"]
Stream = Callable[[str], np.random.Generator]
"""Gives the random stream of one aspect by its name."""

LEAST_ASPECT = 0.5
"""Of the height over the width of a window by overlap, either way; SSD's and mmdetection's."""


def draw_view(spec: AugmentationSpec, size_hw: tuple[int, int], boxes: Boxes, streams: Stream) -> View:
    """Draws the view of one image.

    Args:
        spec: what may happen.
        size_hw: of the image.
        boxes: of its objects.
        streams: where to draw from.
    """
    view = np.array([0, 0, size_hw[1], size_hw[0]], dtype=np.int64)
    if spec.zoom_out is not None:
        view = _zoomed_out(spec.zoom_out, view, streams("zoom_out"))
    if spec.iou_crop is not None:
        view = _cropped_by_iou(spec.iou_crop, view, boxes, streams("iou_crop"))
    if spec.crop is not None:
        view = _cropped(spec.crop, view, streams("crop"))
    return view


def _zoomed_out(spec: ZoomOutSpec, view: View, rng: np.random.Generator) -> View:
    if rng.random() >= spec.probability:
        return view
    sides = view[2:] - view[:2]
    larger = np.floor(sides * rng.uniform(*spec.ratio)).astype(np.int64)
    start = view[:2] - np.floor((larger - sides) * rng.random(2)).astype(np.int64)
    return np.concatenate([start, start + larger])


def _cropped(spec: CropSpec, view: View, rng: np.random.Generator) -> View:
    if rng.random() >= spec.probability:
        return view
    sides = view[2:] - view[:2]
    scale = spec.short_sides[int(rng.integers(len(spec.short_sides)))] / int(sides.min())
    low, high = spec.size_px
    wanted = low + (np.maximum(np.minimum(sides * scale, high), low) - low) * rng.random(2)
    window = np.clip(np.round(wanted / scale), 1, sides).astype(np.int64)
    start = view[:2] + np.floor((sides - window + 1) * rng.random(2)).astype(np.int64)
    return np.concatenate([start, start + window])


def _cropped_by_iou(spec: IouCropSpec, view: View, boxes: Boxes, rng: np.random.Generator) -> View:
    if spec.probability < 1 and rng.random() >= spec.probability:
        return view
    choice = int(rng.integers(len(spec.min_ious) + 2))
    if choice == 0:
        return view
    least = (0.0, *spec.min_ious)[choice - 1]
    sides = (view[2:] - view[:2]).astype(np.float64)
    for _ in range(spec.tries):
        window = np.maximum(1, np.floor(sides * rng.uniform(spec.min_side, 1, size=2)))
        start = view[:2] + np.floor((sides - window) * rng.random(2))
        if not LEAST_ASPECT <= window[1] / window[0] <= 1 / LEAST_ASPECT:
            continue
        found = np.concatenate([start, start + window])
        if len(boxes) == 0 or _holds(found, boxes, least):
            return found.astype(np.int64)
    return view


def _holds(window: Float[np.ndarray, "4"], boxes: Boxes, least: float) -> bool:
    """Whether every box overlaps the window enough, and the middle of at least one lies in it."""
    if float(box_iou(window[None], boxes).min()) < least:
        return False
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    return bool(((middles > window[:2]) & (middles < window[2:])).all(axis=1).any())
