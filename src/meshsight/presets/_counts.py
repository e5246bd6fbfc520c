"""Distributions as the source systems name them."""

import math
from collections.abc import Sequence

from meshsight.core.errors import SpecError
from meshsight.specs.distributions import Choice, Constant, Distribution, Uniform

DEGREES_FROM = 2 * math.pi + 0.01


def between(low: int, high: int) -> Distribution:
    """Returns whole numbers from low to high, both included, each equally likely once it is rounded."""
    if low == high:
        return Constant(value=float(low))
    if low < 1:
        return Choice(values=tuple(float(count) for count in range(low, high + 1)))
    return Uniform(low=low - 0.5, high=high + 0.5)


def number_or_range(value: object, where: str) -> Distribution:
    """Returns a constant for a number, and a uniform distribution for a pair.

    Raises:
        SpecError: it is neither.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Constant(value=float(value))
    if isinstance(value, list | tuple) and len(value) == 2 and all(isinstance(end, int | float) for end in value):
        low, high = sorted(float(end) for end in value)
        return Constant(value=low) if low == high else Uniform(low=low, high=high)
    raise SpecError(f"{where}: expected a number or a pair of them, found {value!r}")


def scaled(drawn: Distribution, factor: float, shift: float = 0.0) -> Distribution:
    """Returns a constant or uniform distribution times a factor, plus a shift."""
    if isinstance(drawn, Constant):
        return Constant(value=drawn.value * factor + shift)
    assert isinstance(drawn, Uniform)
    low, high = sorted((drawn.low * factor + shift, drawn.high * factor + shift))
    return Uniform(low=low, high=high)


def in_degrees(values: Sequence[Distribution]) -> list[Distribution]:
    """Returns angles in degrees; those that are all within a turn in radians are taken for radians."""
    ends = [end for drawn in values for end in ends_of(drawn)]
    factor = math.degrees(1.0) if max(abs(end) for end in ends) <= DEGREES_FROM else 1.0
    return [scaled(drawn, factor) for drawn in values]


def ends_of(drawn: Distribution) -> tuple[float, float]:
    """Returns the lowest and highest value of a constant or uniform distribution."""
    if isinstance(drawn, Constant):
        return drawn.value, drawn.value
    assert isinstance(drawn, Uniform)
    return drawn.low, drawn.high
