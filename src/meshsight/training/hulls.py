"""Points around masks, by which the box of a turned object stays tight.

The extent of a turned mask is that of its convex hull, of which the corners farthest out in a fixed number of
directions are kept: in a box turned by any angle they miss the true extent by less than 1 % of the object's size.

Shapes: m objects, k directions.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import Float, Float32

from meshsight.core.boxes import Boxes
from meshsight.core.masks import RunLengthMask, decode_mask, mask_box
from meshsight.training.picture import corners

NUM_DIRECTIONS = 24


def hulls(masks: Sequence[RunLengthMask | None], boxes: Boxes) -> Float32[np.ndarray, "m _ 2"]:
    """Returns points around each mask; around the box where there is no mask."""
    result = corners(boxes)[:, np.arange(NUM_DIRECTIONS) % 4].astype(np.float32)
    for index, mask in enumerate(masks):
        # A mask that says something else than the box is not followed: the box is what is asked for.
        if mask is not None and mask_box(mask) == tuple(boxes[index].tolist()):
            result[index] = _farthest(mask)
    return result


def _farthest(mask: RunLengthMask) -> Float[np.ndarray, "k 2"]:
    pixels = decode_mask(mask)
    contours, _ = cv2.findContours(pixels.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    centres = np.concatenate(contours).reshape(-1, 2).astype(np.float32)
    # Each pixel reaches from its number to the next one.
    points = np.concatenate([centres + np.array([x, y]) for x in (0, 1) for y in (0, 1)]).astype(np.float32)
    hull = cv2.convexHull(points).reshape(-1, 2)
    angles = np.arange(NUM_DIRECTIONS) * (2 * np.pi / NUM_DIRECTIONS)
    return hull[(hull @ np.stack([np.cos(angles), np.sin(angles)])).argmax(axis=0)]
