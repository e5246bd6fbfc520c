"""Objects cut out of one picture along their masks and pasted into another (arXiv 2012.07177), in stored pixels.

Shapes: h and w the picture; objects are pasted one over the other, in order.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Bool

from meshsight.core.images import RgbImage
from meshsight.core.masks import Mask, RunLengthMask, decode_mask, tight_box
from meshsight.specs.mixing import CopyPasteSpec
from meshsight.training.picture import Picture, corners, join

AnyMask = Bool[np.ndarray, "_ _"]
"""A mask of whatever size, where one function sees several."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Piece:
    """One object to be pasted.

    Attributes:
        image: the object's own window.
        mask: its pixels in it.
        class_id: from 0.
        start: x and y of the window in the picture that it is pasted into; it may reach outside.
    """

    image: RgbImage
    mask: AnyMask
    class_id: int
    start: tuple[int, int]


def draw_pieces(
    spec: CopyPasteSpec,
    donor: Picture,
    masks: tuple[RunLengthMask | None, ...],
    size_hw: tuple[int, int],
    rng: np.random.Generator,
) -> list[Piece]:
    """Draws which objects of a picture are pasted, how large, and where.

    Args:
        spec: what may happen.
        donor: the picture that gives them.
        masks: of its objects.
        size_hw: of the picture that takes them.
        rng: where to draw from.
    """
    able = [i for i, mask in enumerate(masks) if mask is not None and not donor.is_ignored[i]]
    if not able:
        return []
    count = int(rng.integers(1, min(spec.max_objects, len(able)) + 1))
    pieces: list[Piece] = []
    for index in sorted(rng.permutation(able)[:count].tolist()):
        scale = float(np.exp(rng.uniform(*np.log(spec.scale))))
        is_mirrored, place = rng.random() < spec.hflip, rng.random(2)
        encoded = masks[index]
        assert encoded is not None
        window = _window(donor.image, decode_mask(encoded), scale, is_mirrored)
        if window is not None:
            image, mask = window
            room = (size_hw[1] - mask.shape[1], size_hw[0] - mask.shape[0])
            start = (int(np.floor(place[0] * (room[0] + 1))), int(np.floor(place[1] * (room[1] + 1))))
            pieces.append(Piece(image=image, mask=mask, class_id=int(donor.class_ids[index]), start=start))
    return pieces


def _window(image: RgbImage, mask: Mask, scale: float, is_mirrored: bool) -> tuple[RgbImage, AnyMask] | None:
    box = tight_box(mask)
    if box is None or mask.shape != image.shape[:2]:
        return None
    x1, y1, x2, y2 = box.astype(int)
    sides = (max(1, round((x2 - x1) * scale)), max(1, round((y2 - y1) * scale)))
    pixels = cv2.resize(image[y1:y2, x1:x2], sides, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    shape = cv2.resize(mask[y1:y2, x1:x2].astype(np.uint8), sides, interpolation=cv2.INTER_NEAREST).astype(bool)
    return (pixels[:, ::-1], shape[:, ::-1]) if is_mirrored else (pixels, shape)


def paste(picture: Picture, masks: tuple[RunLengthMask | None, ...], pieces: list[Piece]) -> Picture:
    """Pastes pieces into a copy of a picture, and cuts what they hide out of the objects below.

    Args:
        picture: as stored, uncut.
        masks: of its objects; those without one keep their box, and lose the covered part of their share.
        pieces: later ones lie over earlier ones.
    """
    image = picture.image.copy()
    whole = [_set_in(piece, picture.size_hw) for piece in pieces]
    for piece, mask in zip(pieces, whole, strict=True):
        _draw(image, piece, mask)
    covered = np.zeros(picture.size_hw, dtype=bool)
    shown: list[Mask] = []
    for mask in reversed(whole):
        shown.append(mask & ~covered)
        covered |= mask
    below = _hidden_by(picture, masks, covered)
    boxes = [tight_box(mask) for mask in reversed(shown)]
    extent = np.array([np.zeros(4) if box is None else box for box in boxes]).reshape(-1, 4)
    left = [visible.sum() / piece.mask.sum() for visible, piece in zip(reversed(shown), pieces, strict=True)]
    above = Picture(
        image=image,
        outlines=corners(extent),
        class_ids=np.array([piece.class_id for piece in pieces], dtype=np.int64),
        is_ignored=np.zeros(len(pieces), dtype=bool),
        share=np.array(left, dtype=np.float64),
    )
    return join(image, [below, above])


def _set_in(piece: Piece, size_hw: tuple[int, int]) -> Mask:
    """The piece's mask in the whole picture."""
    whole = np.zeros(size_hw, dtype=bool)
    target, source = _overlap(piece, size_hw)
    whole[target] = piece.mask[source]
    return whole


def _draw(image: RgbImage, piece: Piece, mask: Mask) -> None:
    target, source = _overlap(piece, (image.shape[0], image.shape[1]))
    image[target][mask[target]] = piece.image[source][piece.mask[source]]


def _overlap(piece: Piece, size_hw: tuple[int, int]) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """The part of the picture that a piece's window covers, and that part of the window."""
    target, source = [], []
    for start, side, limit in zip(piece.start[::-1], piece.mask.shape, size_hw, strict=True):
        low, high = max(0, start), min(limit, start + side)
        target.append(slice(low, max(low, high)))
        source.append(slice(low - start, max(low, high) - start))
    return (target[0], target[1]), (source[0], source[1])


def _hidden_by(picture: Picture, masks: tuple[RunLengthMask | None, ...], covered: Mask) -> Picture:
    outlines, share = picture.outlines.copy(), picture.share.copy()
    for index, (encoded, box) in enumerate(zip(masks, picture.boxes, strict=True)):
        x1, y1, x2, y2 = (int(side) for side in np.concatenate([np.floor(box[:2]), np.ceil(box[2:])]))
        hidden = covered[max(0, y1) : max(0, y2), max(0, x1) : max(0, x2)]
        if not hidden.any():
            continue
        mask = None if encoded is None else decode_mask(encoded)
        if mask is None or mask.shape != covered.shape or not mask.any():
            share[index] *= 1 - float(hidden.mean())
            continue
        rest = mask & ~covered
        share[index] *= float(rest.sum() / mask.sum())
        extent = tight_box(rest)
        if extent is not None and rest.sum() < mask.sum():
            around = corners(extent[None].astype(np.float64))
            outlines[index] = around[0][np.arange(outlines.shape[1]) % around.shape[1]]
    return replace(picture, outlines=outlines, share=share)
