"""Keypoints as COCO files hold them: x, y, v in one flat list, or, as blender-gen wrote them, in nested triples.

blender-gen's nine points are the object's centre and then the corners of its box with z fastest, then y, then x; ours
are the corners with x fastest, then y, then z, and then the centre. Its v means what ours does: 2 in the image, 1 out.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

KEYPOINT_NAMES = (*(f"corner_{x}{y}{z}" for z in "01" for y in "01" for x in "01"), "centre")
# The twelve edges of the cuboid: pairs of corners, numbered from 1, that differ in one axis.
SKELETON = [[a + 1, a + 1 + step] for a in range(8) for step in (1, 2, 4) if not a & step]

# Where each of our nine keypoints stands in blender-gen's: a corner's three bits turned round, after the centre.
_BLENDER_GEN = [*(1 + ((corner & 1) << 2 | corner & 2 | corner >> 2) for corner in range(8)), 0]

FlatOrNested = Sequence[float] | Sequence[Sequence[float]]


def are_triples(keypoints: FlatOrNested) -> bool:
    """Tells whether a list, flat or nested, can be parted into x, y, v."""
    if keypoints and isinstance(keypoints[0], Sequence):
        return all(isinstance(row, Sequence) and len(row) == 3 for row in keypoints)
    return len(keypoints) % 3 == 0


def read_keypoints(keypoints: FlatOrNested, *, are_named: bool) -> Float[np.ndarray, "k 3"] | None:
    """Returns rows of x, y, v; None where there are none, or no triples.

    Args:
        keypoints: as they stand in the file.
        are_named: the class gives its keypoints names; nine nested ones without are taken for blender-gen's cuboid.
    """
    if not keypoints or not are_triples(keypoints):
        return None
    rows = np.array(keypoints, dtype=np.float64).reshape(-1, 3)
    is_nested = isinstance(keypoints[0], Sequence)
    return rows[_BLENDER_GEN] if is_nested and not are_named and len(rows) == len(_BLENDER_GEN) else rows


def category_keypoints(count: int) -> dict[str, object]:
    """Returns what a class says of its keypoints: the cuboid's names and edges for nine, numbers for other counts."""
    if count == len(KEYPOINT_NAMES):
        return {"keypoints": KEYPOINT_NAMES, "skeleton": SKELETON}
    return {"keypoints": [f"keypoint_{number}" for number in range(1, count + 1)], "skeleton": []}
