"""Lengths that a recipe gives in multiples of the scene's radius or in metres."""

import numpy as np

from meshsight.specs.ranges import AnyDistribution
from meshsight.synthesis.sampling import sample


def draw_length_m(
    relative: AnyDistribution | None, metres: AnyDistribution | None, radius_m: float, rng: np.random.Generator
) -> float:
    """Draws a length in metres from whichever of the two is given."""
    if metres is not None:
        return sample(metres, rng)
    assert relative is not None
    return sample(relative, rng) * radius_m
