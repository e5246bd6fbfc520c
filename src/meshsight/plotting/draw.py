"""The one way that labels and detections are drawn on images.

`draw` takes `Mark`s; `detection_marks` makes them from detections, and `label_marks.py` from labels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image, ImageDraw

from meshsight.core.masks import RunLengthMask, decode_mask, mask_box
from meshsight.plotting.style import Rgb8, class_color, label_font, text_on
from meshsight.records.detections import Detections
from meshsight.records.sample import Box

_Rectangle = tuple[int, int, int, int]

Picture = UInt8[np.ndarray, "_ _ 3"]
"""An RGB image of any size: what comes out may be larger than what goes in."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shape:
    """A line, a face, or some points.

    Attributes:
        points: (n, 2) in pixels of the image; lines to and faces with one that is NaN are left out.
        color: None takes the mark's.
        is_closed: the last point is joined to the first.
        is_dots: points without lines.
        fill: how strongly the inside of a closed line is tinted, 0 not at all to 1.
        width: of the line, in multiples of that of a box.
    """

    points: Float[np.ndarray, "n 2"]
    color: Rgb8 | None = None
    is_closed: bool = False
    is_dots: bool = False
    fill: float = 0.0
    width: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mark:
    """One thing to draw.

    Attributes:
        box: xyxy in pixels of the image as given.
        text: written at the box; empty for nothing.
        color: of everything about it.
        mask: shaded, with an outline.
        shapes: drawn in order, under the box.
        is_dashed: a broken outline of the box, for what is only a hint.
        has_box: whether the box itself is drawn.
    """

    box: Box
    text: str
    color: Rgb8
    mask: RunLengthMask | None = None
    shapes: tuple[Shape, ...] = ()
    is_dashed: bool = False
    has_box: bool = True


def detection_marks(detections: Detections, classes: Sequence[str], min_score: float) -> list[Mark]:
    """Makes the marks of detections that score at least `min_score`, with the score in per cent, best last (on top)."""
    rows = zip(detections.boxes.tolist(), detections.scores.tolist(), detections.class_ids.tolist(), strict=True)
    marks = [
        Mark(box=tuple(box), text=f"{classes[class_id]} {100 * score:.0f}", color=class_color(class_id))
        for box, score, class_id in rows
        if score >= min_score
    ]
    return marks[::-1]


def draw(image: Picture, marks: Sequence[Mark], min_side: int = 640, text_px: int | None = None) -> Picture:
    """Draws marks on a copy of an image.

    Args:
        image: the picture.
        marks: drawn in order, so the last lies on top.
        min_side: an image whose longer side is smaller is enlarged to it first, so that lines and text stay sharp.
        text_px: size of the text; None fits it to the image. Lines are a ninth of it wide.
    """
    scale = max(1.0, min_side / max(image.shape[:2]))
    height, width = (round(side * scale) for side in image.shape[:2])
    canvas = cv2.resize(image, (width, height), interpolation=cv2.INTER_CUBIC) if scale > 1 else image.copy()
    for mark in marks:
        if mark.mask is not None:
            _shade_mask(canvas, mark.mask, mark.color)
        for shape in mark.shapes:
            if shape.fill and np.isfinite(shape.points).all():
                _shade_face(canvas, shape.points * scale, shape.color or mark.color, shape.fill)
    picture = Image.fromarray(canvas)
    pen = ImageDraw.Draw(picture)
    text_px = text_px or max(11, round(max(height, width) / 36))
    line_width = max(1, round(text_px / 9))
    placed: list[_Rectangle] = []
    for mark in marks:
        for shape in mark.shapes:
            _draw_shape(pen, shape, scale, shape.color or mark.color, line_width)
        if mark.has_box:
            _draw_box(pen, _to_canvas(mark.box, scale), mark, line_width)
    for mark in marks:
        if mark.text:
            tag = _place(_to_canvas(mark.box, scale), _tag_size(mark.text, text_px), (width, height), placed)
            placed.append(tag)
            _write(pen, tag, mark, text_px)
    return np.array(picture)


def draw_fitted(image: Picture, marks: Sequence[Mark], side: int, text_px: int = 14) -> Picture:
    """Draws marks on an image whose longer side becomes `side` pixels, with text of about `text_px` in the result."""
    factor = max(image.shape[:2]) / side
    if factor <= 1:
        return draw(image, marks, min_side=side, text_px=text_px)
    picture = draw(image, marks, min_side=0, text_px=round(text_px * factor))
    height, width = (max(1, round(length / factor)) for length in image.shape[:2])
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)


def _to_canvas(box: Box, scale: float) -> _Rectangle:
    """The pixels that a half-open box covers, first and last included, as PIL wants it."""
    x1, y1, x2, y2 = (round(v * scale) for v in box)
    return x1, y1, max(x1, x2 - 1), max(y1, y2 - 1)


def _shade_mask(canvas: Picture, encoded: RunLengthMask, color: Rgb8) -> None:
    """Tints a mask and draws its rim; only the window that it lies in is touched, for an image may have thousands."""
    box = mask_box(encoded)
    if box is None:
        return
    scale = np.array(canvas.shape[1::-1]) / encoded.size_hw[::-1]
    limit = np.array(encoded.size_hw[::-1])
    low, high = np.maximum(np.array(box[:2], int) - 1, 0), np.minimum(np.array(box[2:], int) + 1, limit)
    (left, top), (right, bottom) = np.round(low * scale).astype(int), np.round(high * scale).astype(int)
    mask = decode_mask(encoded)[low[1] : high[1], low[0] : high[0]].astype(np.uint8)
    if mask.shape != (bottom - top, right - left):
        size_wh = (max(int(right - left), 1), max(int(bottom - top), 1))
        mask = (cv2.resize(mask * 255, size_wh, interpolation=cv2.INTER_LINEAR) > 127).astype(np.uint8)
    window = canvas[top : top + mask.shape[0], left : left + mask.shape[1]]
    inside = mask[: window.shape[0], : window.shape[1]].astype(bool)
    window[inside] = (0.86 * window[inside] + 0.14 * np.array(color)).astype(np.uint8)
    window[inside & (cv2.erode(inside.astype(np.uint8), np.ones((3, 3), np.uint8)) == 0)] = color


def _draw_box(pen: ImageDraw.ImageDraw, box: _Rectangle, mark: Mark, line_width: int) -> None:
    if not mark.is_dashed:
        pen.rectangle(box, outline=mark.color, width=line_width)
        return
    x1, y1, x2, y2 = box
    for start in range(x1, x2, 8 * line_width):
        end = min(start + 4 * line_width, x2)
        pen.line([(start, y1), (end, y1)], fill=mark.color, width=line_width)
        pen.line([(start, y2), (end, y2)], fill=mark.color, width=line_width)
    for start in range(y1, y2, 8 * line_width):
        end = min(start + 4 * line_width, y2)
        pen.line([(x1, start), (x1, end)], fill=mark.color, width=line_width)
        pen.line([(x2, start), (x2, end)], fill=mark.color, width=line_width)


def _draw_shape(pen: ImageDraw.ImageDraw, shape: Shape, scale: float, color: Rgb8, line_width: int) -> None:
    points = shape.points * scale
    is_known = np.asarray(np.isfinite(points).all(axis=1))
    if shape.is_dots:
        radius = 1.2 * line_width
        for x, y in points[is_known].tolist():
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=color)
        return
    count = len(points) if shape.is_closed else len(points) - 1
    width = max(1, round(shape.width * line_width))
    for start in range(count):
        end = (start + 1) % len(points)
        if is_known[start] and is_known[end]:
            pen.line([*points[[start, end]].ravel().tolist()], fill=color, width=width)


def _shade_face(canvas: Picture, points: Float[np.ndarray, "n 2"], color: Rgb8, strength: float) -> None:
    """Tints the inside of a closed line, and touches only the window that it lies in."""
    height, width = canvas.shape[:2]
    left, top = np.clip(np.floor(points.min(axis=0)), 0, (width, height)).astype(int)
    right, bottom = np.clip(np.ceil(points.max(axis=0)) + 1, 0, (width, height)).astype(int)
    if left >= right or top >= bottom:
        return
    inside = np.zeros((bottom - top, right - left), dtype=np.uint8)
    limit = 8.0 * max(height, width)  # OpenCV's coordinates are 32-bit
    corners = np.clip(points - (left, top), -limit, limit)
    cv2.fillPoly(inside, [np.round(corners - 0.5).astype(np.int32)], 1)
    window = canvas[top:bottom, left:right]
    window[inside > 0] = ((1 - strength) * window[inside > 0] + strength * np.array(color)).astype(np.uint8)


def _tag_size(text: str, text_px: int) -> tuple[int, int]:
    left, _, right, _ = label_font(text_px).getbbox(text)
    _, top, _, bottom = label_font(text_px).getbbox("bg")  # the same height for every text
    padding = _tag_padding(text_px)
    return round(right - left) + 3 * padding, round(bottom - top) + 2 * padding


def _tag_padding(text_px: int) -> int:
    return max(2, round(text_px / 5))


def _write(pen: ImageDraw.ImageDraw, tag: _Rectangle, mark: Mark, text_px: int) -> None:
    font = label_font(text_px)
    left, _, _, _ = font.getbbox(mark.text)
    _, top, _, _ = font.getbbox("bg")
    pad = _tag_padding(text_px)
    pen.rectangle(tag, fill=mark.color)
    pen.text((tag[0] + 1.5 * pad - left, tag[1] + pad - top), mark.text, font=font, fill=text_on(mark.color))


def _place(
    box: _Rectangle, tag_wh: tuple[int, int], size_wh: tuple[int, int], placed: Sequence[_Rectangle]
) -> _Rectangle:
    """Chooses the first free place of a tag: above the box, below it, or inside; the first of all if none is free."""
    x1, y1, x2, y2 = box
    width, height = tag_wh
    corners = ((x1, y1 - height), (x2 + 1 - width, y1 - height), (x1, y2 + 1), (x1, y1), (x1, y2 + 1 - height))
    tags: list[_Rectangle] = []
    for x, y in corners:
        left = max(0, min(x, size_wh[0] - width))
        top = max(0, min(y, size_wh[1] - height))
        tags.append((left, top, left + width - 1, top + height - 1))
    free = (tag for tag in tags if not any(_overlap(tag, other) for other in placed))
    return next(free, tags[0])


def _overlap(a: _Rectangle, b: _Rectangle) -> bool:
    return a[0] <= b[2] and b[0] <= a[2] and a[1] <= b[3] and b[1] <= a[3]


def image_grid(images: Sequence[Picture], columns: int, gap: int = 8, background: Rgb8 = (24, 26, 31)) -> Picture:
    """Lays images out in rows; each is centred in a cell as large as the largest."""
    height = max(image.shape[0] for image in images)
    width = max(image.shape[1] for image in images)
    rows = -(-len(images) // columns)
    size = (rows * (height + gap) + gap, min(columns, len(images)) * (width + gap) + gap, 3)
    canvas = np.empty(size, dtype=np.uint8)
    canvas[:] = background
    for index, image in enumerate(images):
        row, column = divmod(index, columns)
        y = gap + row * (height + gap) + (height - image.shape[0]) // 2
        x = gap + column * (width + gap) + (width - image.shape[1]) // 2
        canvas[y : y + image.shape[0], x : x + image.shape[1]] = image
    return canvas
