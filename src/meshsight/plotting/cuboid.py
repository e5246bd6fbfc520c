"""Tells the nine keypoints of a cuboid from nine other keypoints, such as a person's joints."""

import numpy as np
from jaxtyping import Float

NUM_POINTS = 9
EDGES = tuple((a, a | bit) for a in range(8) for bit in (1, 2, 4) if not a & bit)
"""Pairs of corners in binary order (x fastest, then y, then z)."""
FRONT = (1, 3, 7, 5)
"""The corners of the face that the object's +x axis looks through, around it."""

UNIT_BOX = np.array([[i & 1, i >> 1 & 1, i >> 2] for i in range(8)] + [[0.5, 0.5, 0.5]], dtype=np.float64)
"""The corners in binary order, and the centre, of the box from 0 to 1."""

_UNIT = np.hstack([UNIT_BOX, np.ones((9, 1))])
_LEAST_KNOWN = 7
_TOLERANCE = 0.03


def is_cuboid(points: Float[np.ndarray, "k 2"]) -> bool:
    """Whether nine image points can be the corners (binary order) and the centre of one box, seen by some camera.

    Every box is an affine image of the unit cube, so some 3 x 4 matrix must project the cube's points onto these. It is
    found by the direct linear transform, and may miss by 3 % of their extent: points that were rounded.

    Args:
        points: in pixels; NaN where a point is not known.
    """
    if len(points) != NUM_POINTS:
        return False
    is_known = np.isfinite(points).all(axis=1)
    if is_known.sum() < _LEAST_KNOWN:
        return False
    known = points[is_known]
    extent = float(np.ptp(known, axis=0).max())
    if extent <= 0:
        return False
    scaled = (known - known.mean(axis=0)) / extent
    cube, zeros = _UNIT[is_known], np.zeros((len(known), 4))
    rows = [
        np.hstack([cube, zeros, -scaled[:, :1] * cube]),
        np.hstack([zeros, cube, -scaled[:, 1:] * cube]),
    ]
    matrix = np.linalg.svd(np.vstack(rows))[2][-1].reshape(3, 4)
    projected = cube @ matrix.T
    if np.abs(projected[:, 2]).min() < 1e-9 or np.ptp(np.sign(projected[:, 2])) > 0:
        return False  # some points would lie behind the camera
    return bool(np.abs(projected[:, :2] / projected[:, 2:] - scaled).max() < _TOLERANCE)
