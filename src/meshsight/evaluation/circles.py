"""How far found circles are off.

Shapes: n circles (radius, centre x, centre y), in any one unit.
"""

import numpy as np
from jaxtyping import Float

Circles = Float[np.ndarray, "n 3"]
Values = Float[np.ndarray, " n"]


def centre_errors(found: Circles, wanted: Circles) -> Values:
    """Returns the distances of the centres."""
    return np.hypot(found[:, 1] - wanted[:, 1], found[:, 2] - wanted[:, 2])


def radius_errors(found: Circles, wanted: Circles) -> Values:
    """Returns by how much the radii differ."""
    return np.abs(found[:, 0] - wanted[:, 0])


def circle_ious(found: Circles, wanted: Circles) -> Values:
    """Returns the intersection over union of discs: two circular segments (Weisstein, Circle-Circle Intersection).

    A negative radius is none.
    """
    a, b = np.maximum(found[:, 0], 0.0), wanted[:, 0]
    distance = centre_errors(found, wanted)
    union_of = np.pi * (a**2 + b**2)
    with np.errstate(divide="ignore", invalid="ignore"):
        cos_a = np.clip((distance**2 + a**2 - b**2) / (2 * distance * a), -1, 1)
        cos_b = np.clip((distance**2 + b**2 - a**2) / (2 * distance * b), -1, 1)
    kite = (a + b - distance) * (distance + a - b) * (distance - a + b) * (distance + a + b)
    crossing = a**2 * np.arccos(cos_a) + b**2 * np.arccos(cos_b) - np.sqrt(np.maximum(kite, 0)) / 2
    inner = np.pi * np.minimum(a, b) ** 2
    common = np.where(distance >= a + b, 0.0, np.where(distance <= np.abs(a - b), inner, crossing))
    return common / np.maximum(union_of - common, 1e-12)
