"""From the pixels of one object drawn alone to its Silhouette, the same for every renderer."""

import numpy as np
from jaxtyping import Bool, Int32

from meshsight.records.frame import Silhouette
from meshsight.render.window import Window


def make_silhouette(
    instance_id: int,
    window: Window,
    alone: Bool[np.ndarray, "wh ww"],
    instance_ids: Int32[np.ndarray, "h w"],
) -> Silhouette:
    """Crops the object's pixels in its window to their tight box, after adding those that the id pass saw.

    The two passes place the same triangles at different offsets, so an edge that runs through a pixel centre may round
    differently; adding the visible pixels makes them a subset by construction.
    """
    alone = _add_visible(instance_id, window, alone, instance_ids)
    rows = np.flatnonzero(alone.any(axis=1))
    if rows.size == 0:
        return Silhouette(
            instance_id=instance_id, origin_xy=(0, 0), mask=np.zeros((0, 0), dtype=bool), is_cut=window.is_cut
        )
    alone = alone[rows[0] : rows[-1] + 1]
    columns = np.flatnonzero(alone.any(axis=0))
    return Silhouette(
        instance_id=instance_id,
        origin_xy=(window.left + int(columns[0]), window.top + int(rows[0])),
        mask=alone[:, columns[0] : columns[-1] + 1].copy(),
        is_cut=window.is_cut,
    )


def _add_visible(
    instance_id: int,
    window: Window,
    alone: Bool[np.ndarray, "wh ww"],
    instance_ids: Int32[np.ndarray, "h w"],
) -> Bool[np.ndarray, "wh ww"]:
    height, width = instance_ids.shape
    left, right = max(window.left, 0), min(window.right, width)
    top, bottom = max(window.top, 0), min(window.bottom, height)
    if left >= right or top >= bottom:
        return alone
    alone = alone.copy()
    seen = instance_ids[top:bottom, left:right] == instance_id
    alone[top - window.top : bottom - window.top, left - window.left : right - window.left] |= seen
    return alone
