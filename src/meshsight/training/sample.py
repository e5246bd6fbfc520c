"""One augmented image with its targets, and what became of its objects."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Int64

from meshsight.core.images import RgbImage


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxCounts:
    """What became of the objects of a batch; nothing is dropped without being counted.

    Attributes:
        asked: to be found.
        ignored: ignore regions already in the labels.
        cut, tiny: became ignore regions because too little of them is left, or they are too small at the input.
        outside: left the input altogether, or are hidden by what was pasted over them.
    """

    asked: int = 0
    ignored: int = 0
    cut: int = 0
    tiny: int = 0
    outside: int = 0

    def plus(self, other: "BoxCounts") -> "BoxCounts":
        """Adds two counts, field by field."""
        return BoxCounts(
            asked=self.asked + other.asked,
            ignored=self.ignored + other.ignored,
            cut=self.cut + other.cut,
            tiny=self.tiny + other.tiny,
            outside=self.outside + other.outside,
        )


class TrainingSample(NamedTuple):
    """One augmented image with its targets in input pixels."""

    image: RgbImage
    boxes: Float32[np.ndarray, "n 4"]
    class_ids: Int64[np.ndarray, " n"]
    is_ignored: Bool[np.ndarray, " n"]
    counts: BoxCounts
