"""Binary masks, their tight boxes, and COCO's compressed run-length encoding (column-major)."""

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from jaxtyping import Bool, Float
from pycocotools import mask as coco_mask

Mask = Bool[np.ndarray, "h w"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLengthMask:
    """A mask of an image as COCO stores it: `counts` is the compressed ASCII string."""

    counts: str
    size_hw: tuple[int, int]


def encode_mask(mask: Mask) -> RunLengthMask:
    """Encodes a mask; `decode_mask` gives it back exactly."""
    encoded = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
    counts = cast("bytes", encoded["counts"])  # the stub says str
    return RunLengthMask(counts=counts.decode("ascii"), size_hw=(mask.shape[0], mask.shape[1]))


def encode_window(window: Mask, origin_xy: tuple[int, int], size_hw: tuple[int, int]) -> RunLengthMask:
    """Encodes a mask of which only a window is set, without touching the rest of the image.

    Args:
        window: the part that holds every set pixel.
        origin_xy: pixel of the image at which the window begins; the window lies inside the image.
        size_hw: size of the image.
    """
    height, width = size_hw
    # A zero above and below every column turns each run of set pixels into one rise and one fall.
    columns = np.zeros((window.shape[1], window.shape[0] + 2), dtype=np.int8)
    columns[:, 1:-1] = window.T
    column, row = np.nonzero(np.diff(columns, axis=1))
    edges = (column + origin_xy[0]) * height + row + origin_xy[1]
    # A run that ends where the next one begins goes on from one column into the next.
    joined = np.flatnonzero(edges[1:-1:2] == edges[2::2])
    edges = np.delete(edges, np.concatenate([2 * joined + 1, 2 * joined + 2]))
    counts = np.diff(edges, prepend=0, append=height * width)
    if edges.size and edges[-1] == height * width:
        counts = counts[:-1]
    runs = cast("Any", {"counts": counts.tolist(), "size": [height, width]})
    encoded = cast("dict[str, bytes]", coco_mask.frPyObjects(runs, height, width))
    return RunLengthMask(counts=encoded["counts"].decode("ascii"), size_hw=size_hw)


def decode_mask(encoded: RunLengthMask) -> Mask:
    """Decodes a run-length mask to booleans (h, w)."""
    rle = {"counts": encoded.counts.encode("ascii"), "size": list(encoded.size_hw)}
    return coco_mask.decode(cast("Any", rle)).astype(bool)


def mask_area(encoded: RunLengthMask) -> int:
    """Returns how many pixels of a run-length mask are set, without decoding it."""
    return int(coco_mask.area({"counts": encoded.counts.encode("ascii"), "size": list(encoded.size_hw)}))


def mask_box(encoded: RunLengthMask) -> tuple[float, float, float, float] | None:
    """Returns the half-open box around the set pixels of a run-length mask without decoding it, or None for none."""
    rle = {"counts": encoded.counts.encode("ascii"), "size": list(encoded.size_hw)}
    x, y, width, height = coco_mask.toBbox(cast("Any", rle)).tolist()
    return (x, y, x + width, y + height) if width > 0 and height > 0 else None


def tight_box(mask: Mask) -> Float[np.ndarray, "4"] | None:
    """Returns the half-open box around the set pixels, or None when there are none."""
    rows = np.flatnonzero(mask.any(axis=1))
    columns = np.flatnonzero(mask.any(axis=0))
    if rows.size == 0:
        return None
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], dtype=np.float32)
