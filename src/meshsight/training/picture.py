"""An image with the outlines of its objects, and what every augmentation does: move it, cut it, join others to it.

Coordinates are continuous pixels of the picture's own image (pixel j covers [j, j+1)).

Shapes: n objects; an outline has 4 points (the corners of a box) or more (the hull of a mask).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int64

from meshsight.core.boxes import Boxes, box_area
from meshsight.core.images import RgbImage

Affine = Float[np.ndarray, "2 3"]
Outlines = Float[np.ndarray, "n _ 2"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Picture:
    """An image and its objects on the way to becoming a training sample.

    Attributes:
        image: pixels.
        outlines: points whose extent is the object's box, also outside the image.
        class_ids: from 0.
        is_ignored: ignore regions in the labels.
        share: how much of the object's box has not been cut away so far, 0..1.
    """

    image: RgbImage
    outlines: Outlines
    class_ids: Int64[np.ndarray, " n"]
    is_ignored: Bool[np.ndarray, " n"]
    share: Float[np.ndarray, " n"]

    @property
    def size_hw(self) -> tuple[int, int]:
        """Height and width of the image."""
        return self.image.shape[0], self.image.shape[1]

    @property
    def boxes(self) -> Boxes:
        """The extents of the outlines, xyxy."""
        return extents(self.outlines)


def extents(outlines: Outlines) -> Boxes:
    """Returns the boxes around outlines."""
    return np.concatenate([outlines.min(axis=1), outlines.max(axis=1)], axis=1)


def corners(boxes: Boxes) -> Float[np.ndarray, "n 4 2"]:
    """Returns the corners of boxes as outlines."""
    return boxes[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2).astype(np.float64)


def move(outlines: Outlines, affine: Affine) -> Outlines:
    """Maps outlines; exact for any affine map."""
    return outlines @ affine[:, :2].T + affine[:, 2]


def cut(picture: Picture, window: Float[np.ndarray, "4"]) -> Picture:
    """Cuts the objects, not the image, to a window xyxy: of those that reach outside, a box around the rest is left."""
    boxes = picture.boxes
    low, high = window[:2], window[2:]
    inside = np.concatenate([np.clip(boxes[:, :2], low, high), np.clip(boxes[:, 2:], low, high)], axis=1)
    areas = box_area(boxes)
    left = np.divide(box_area(inside), areas, out=np.zeros(len(boxes)), where=areas > 0)
    is_whole = (inside == boxes).all(axis=1)
    rest = np.broadcast_to(_spread(inside, picture.outlines.shape[1]), picture.outlines.shape)
    outlines = np.where(is_whole[:, None, None], picture.outlines, rest)
    return replace(picture, outlines=outlines, share=picture.share * np.where(is_whole, areas > 0, left))


def crop(picture: Picture, window: Int64[np.ndarray, "4"]) -> Picture:
    """Takes a window xyxy of whole pixels inside the image; nothing is copied."""
    x1, y1, x2, y2 = (int(side) for side in window)
    rest = cut(picture, window.astype(np.float64))
    return replace(rest, image=picture.image[y1:y2, x1:x2], outlines=rest.outlines - (x1, y1))


def join(image: RgbImage, parts: Sequence[Picture]) -> Picture:
    """Puts the objects of several pictures, already in its coordinates, onto one image."""
    count = max(part.outlines.shape[1] for part in parts)
    return Picture(
        image=image,
        outlines=np.concatenate([_padded(part.outlines, count) for part in parts]),
        class_ids=np.concatenate([part.class_ids for part in parts]),
        is_ignored=np.concatenate([part.is_ignored for part in parts]),
        share=np.concatenate([part.share for part in parts]),
    )


def _spread(boxes: Boxes, count: int) -> Outlines:
    """Corners of boxes as outlines of `count` points, some of them twice."""
    return _padded(corners(boxes), count)


def _padded(outlines: Outlines, count: int) -> Outlines:
    return outlines[:, np.arange(count) % outlines.shape[1]]
