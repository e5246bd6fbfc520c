"""From where objects are seen: directions on the sphere, counted in cells of equal area.

A viewpoint is the direction from the middle of an object's box to the camera, in the object's own frame, so +z looks
down on its top. What is left of the rotation is the roll in the image.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float, Int

from meshsight.core.pose import Vector3
from meshsight.records.sample import Pose

_LEAST_LENGTH = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Viewpoint:
    """How one object is seen.

    Attributes:
        direction: unit vector from the middle of the object's box to the camera, in the object's frame; NaN when the
            camera is there.
        distance_m: from the camera to the middle of the box.
        roll_rad: angle of the object's z axis in the image, clockwise from upright, -pi..pi; NaN when it points at
            the camera or away from it.
    """

    direction: Vector3
    distance_m: float
    roll_rad: float


def viewpoint_of(pose: Pose) -> Viewpoint:
    """Returns from where an object is seen."""
    rotation, translation = pose.T_cam_object[:3, :3], pose.T_cam_object[:3, 3]
    center = rotation @ ((pose.box_low_m + pose.box_high_m) / 2) + translation
    distance = float(np.linalg.norm(center))
    direction = -(center @ rotation) / distance if distance > _LEAST_LENGTH else np.full(3, np.nan)
    # The image of a point that moves from the centre along the object's z axis moves this way.
    right, down = rotation[:2, 2] * center[2] - center[:2] * rotation[2, 2]
    is_seen = np.hypot(right, down) > 1e-3 * distance
    roll = float(np.arctan2(right, -down)) if is_seen and center[2] > 0 else float("nan")
    return Viewpoint(direction=direction, distance_m=distance, roll_rad=roll)


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
