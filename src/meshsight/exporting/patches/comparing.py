"""What an exported patch network is compared on, and how far it is from another."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from meshsight.records.patches import PatchGuesses, PatchParity, Pixels, Places

NUM_REPRESENTATIVE = 2048
"""Patches that the ranges of an int8 network are taken from: as many as NaoTH take; fewer where there are fewer."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PatchesToCompare:
    """Real patches that the export is compared on, and by which an int8 network's ranges are set.

    Attributes:
        pixels: the patches.
        places: where they were cut, or None where unknown.
        measure: returns the figures of what a network says of them.
    """

    pixels: Pixels
    places: Places | None
    measure: Callable[[PatchGuesses], dict[str, float | None]]


def compare(expected: PatchGuesses, found: PatchGuesses) -> PatchParity:
    """Returns how far two networks' guesses of the same patches lie apart."""
    count = len(next(part for part in (expected.scores, expected.circles) if part is not None))
    return PatchParity(
        num_patches=count,
        max_score=_largest(expected.scores, found.scores),
        max_circle_px=_largest(expected.circles, found.circles),
    )


def _largest(a: np.ndarray | None, b: np.ndarray | None) -> float | None:
    return None if a is None or b is None else float(np.abs(a - b).max())


def spread(count: int, most: int) -> np.ndarray:
    """Returns the indices of at most so many of `count` patches, evenly spread."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).astype(int))
