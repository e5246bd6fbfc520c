"""What a recipe's fields may hold: distributions within a range, and lists with something in them."""

from typing import Annotated, TypeVar

from pydantic import AfterValidator

from meshsight.specs.distributions import AnyDistribution, Distribution, support


def bounded(low: float, high: float) -> AfterValidator:
    """Returns a validator that keeps a distribution's support within low..high, both included."""

    def check(distribution: AnyDistribution) -> AnyDistribution:
        first, last = support(distribution)
        if first < low or last > high:
            expected = f"values of at least {low:g}" if high == float("inf") else f"values from {low:g} to {high:g}"
            raise ValueError(f"expected {expected}, but {first:g} to {last:g} can be drawn")
        return distribution

    return AfterValidator(check)


def _check_positive(distribution: AnyDistribution) -> AnyDistribution:
    first = support(distribution)[0]
    if first <= 0:
        raise ValueError(f"expected values above 0, but {first:g} can be drawn")
    return distribution


NonNegative = Annotated[Distribution, bounded(0.0, float("inf"))]
Positive = Annotated[Distribution, AfterValidator(_check_positive)]
Fraction = Annotated[Distribution, bounded(0.0, 1.0)]
Elevation = Annotated[Distribution, bounded(-90.0, 90.0)]

Item = TypeVar("Item")


def _check_not_empty(items: tuple[Item, ...] | None) -> tuple[Item, ...] | None:
    if items is not None and len(items) == 0:
        raise ValueError("expected at least one entry, found none")
    return items


NOT_EMPTY = AfterValidator(_check_not_empty)
