"""From where objects are seen: directions on the sphere, counted in cells of equal area.

A viewpoint is the direction from the middle of an object's box to the camera, in the object's own frame, so +z looks
down on its top. What is left of the rotation is the roll in the image.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float, Int

from meshsight.records.sample import Pose

_LEAST_LENGTH = 1e-9
_UNKNOWN, _ORIGIN = np.full((4, 4), np.nan), np.zeros(3)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Viewpoints:
    """How objects are seen; NaN where an object has no pose.

    Attributes:
        direction: unit vectors from the middle of each object's box to the camera, in the object's frame; NaN when the
            camera is there.
        distance_m: from the camera to the middle of the box.
        roll_rad: angle of the object's z axis in the image, clockwise from upright, -pi..pi; NaN when it points at
            the camera or away from it.
    """

    direction: Float[np.ndarray, "n 3"]
    distance_m: Float[np.ndarray, " n"]
    roll_rad: Float[np.ndarray, " n"]


def viewpoints_of(poses: Sequence[Pose | None]) -> Viewpoints:
    """Returns from where objects are seen."""
    matrices = np.array([_UNKNOWN if pose is None else pose.T_cam_object for pose in poses]).reshape(-1, 4, 4)
    lows = np.array([_ORIGIN if pose is None else pose.box_low_m for pose in poses]).reshape(-1, 3)
    highs = np.array([_ORIGIN if pose is None else pose.box_high_m for pose in poses]).reshape(-1, 3)
    rotations = matrices[:, :3, :3]
    centers = np.einsum("nij,nj->ni", rotations, (lows + highs) / 2) + matrices[:, :3, 3]
    distances = np.linalg.norm(centers, axis=1)
    lengths = np.where(distances > _LEAST_LENGTH, distances, np.nan)[:, None]
    # The image of a point that moves from the centre along the object's z axis moves this way.
    steps = rotations[:, :2, 2] * centers[:, 2:] - centers[:, :2] * rotations[:, 2:, 2]
    is_seen = (np.linalg.norm(steps, axis=1) > 1e-3 * distances) & (centers[:, 2] > 0)
    return Viewpoints(
        direction=-np.einsum("ni,nij->nj", centers, rotations) / lengths,
        distance_m=distances,
        roll_rad=np.where(is_seen, np.arctan2(steps[:, 0], -steps[:, 1]), np.nan),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SphereCells:
    """A division of the sphere into nearly square cells of exactly equal area, in rings about the z axis.

    Attributes:
        z: heights of the rings' borders on the unit sphere, from -1 up to 1.
        counts: number of cells in each ring, from the bottom; a ring's first cell begins at the x axis.
    """

    z: Float[np.ndarray, " r1"]
    counts: Int[np.ndarray, " r"]

    @property
    def num_cells(self) -> int:
        """How many cells there are."""
        return int(self.counts.sum())

    def cell_of(self, directions: Float[np.ndarray, "n 3"]) -> Int[np.ndarray, " n"]:
        """Returns the index of the cell that each unit vector points to."""
        ring = np.clip(np.searchsorted(self.z, directions[:, 2], side="right") - 1, 0, len(self.counts) - 1)
        turn = (np.arctan2(directions[:, 1], directions[:, 0]) / (2 * np.pi)) % 1.0
        count = self.counts[ring]
        first = np.cumsum(self.counts) - self.counts
        return first[ring] + np.minimum((turn * count).astype(np.int64), count - 1)


@lru_cache(maxsize=4)
def sphere_cells(num_rings: int = 12) -> SphereCells:
    """Returns cells about 180 / `num_rings` degrees wide; with 12 rings there are 184 of 15 degrees.

    A ring gets as many cells as fit around it, and the borders follow from their equal area.
    """
    middle = (np.arange(num_rings) + 0.5) * np.pi / num_rings
    counts = np.maximum(3, np.round(2 * num_rings * np.sin(middle))).astype(np.int64)
    shares = np.concatenate([[0.0], np.cumsum(counts) / counts.sum()])
    return SphereCells(z=2 * shares - 1, counts=counts)
