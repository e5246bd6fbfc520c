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


def decode_mask(encoded: RunLengthMask) -> Mask:
    """Decodes a run-length mask to booleans (h, w)."""
    rle = {"counts": encoded.counts.encode("ascii"), "size": list(encoded.size_hw)}
    return coco_mask.decode(cast("Any", rle)).astype(bool)


def tight_box(mask: Mask) -> Float[np.ndarray, "4"] | None:
    """Returns the half-open box around the set pixels, or None when there are none."""
    rows = np.flatnonzero(mask.any(axis=1))
    columns = np.flatnonzero(mask.any(axis=0))
    if rows.size == 0:
        return None
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], dtype=np.float32)
