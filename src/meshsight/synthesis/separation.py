"""Whether two oriented boxes keep a distance, by the separating axis theorem (Gottschalk et al., SIGGRAPH 1996).

Boxes hold their meshes, so meshes in boxes that keep apart do not touch.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from meshsight.synthesis.body import PlacedBody


def gap_between(a: PlacedBody, b: PlacedBody) -> float:
    """Returns a lower bound of the distance between two oriented boxes in metres; 0 or less when they may touch.

    The largest separation along the 15 axes on which two disjoint boxes must come apart: the faces' normals and the
    cross products of the edges.
    """
    offset = b.center - a.center
    axes = _candidate_axes(a.axes, b.axes)
    reach = np.abs(axes @ a.axes) @ a.half_size + np.abs(axes @ b.axes) @ b.half_size
    return float(np.max(np.abs(axes @ offset) - reach))


def _candidate_axes(a: Float[np.ndarray, "3 3"], b: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, "n 3"]:
    crossed = np.cross(a.T[:, None], b.T[None, :]).reshape(9, 3)
    lengths = np.sqrt(np.einsum("ij,ij->i", crossed, crossed))
    usable = lengths > 1e-6  # parallel edges span no axis of their own
    return np.concatenate([a.T, b.T, crossed[usable] / lengths[usable, None]])


def keeps_apart(body: PlacedBody, others: Sequence[PlacedBody], gap: float) -> bool:
    """Tells whether a body keeps a gap from all others, given as a multiple of the smaller one's diameter."""
    if not others:
        return True
    radii = np.array([other.radius for other in others])
    wanted = 2.0 * gap * np.minimum(radii, body.radius)
    offsets = np.array([other.center for other in others]) - body.center
    near = np.einsum("ij,ij->i", offsets, offsets) < (radii + body.radius + wanted) ** 2
    return all(gap_between(body, others[k]) > wanted[k] for k in np.flatnonzero(near).tolist())
