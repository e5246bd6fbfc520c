"""How a number is drawn: a constant, a range, or one of the named distributions.

In YAML a bare number is a constant and a pair `[low, high]` is uniform; the rest are mappings with a `kind`.
"""

import math
from typing import Annotated, Any, Literal, TypeAlias, cast

from pydantic import BeforeValidator, Discriminator, Field, model_validator

from meshsight.specs.base import Spec


class Constant(Spec):
    """Always the same value."""

    kind: Literal["constant"] = "constant"
    value: float


class _Range(Spec):
    low: float
    high: float

    @model_validator(mode="after")
    def _ordered(self) -> "_Range":
        if self.low > self.high:
            raise ValueError(f"low {self.low:g} is above high {self.high:g}; swap them")
        return self


class Uniform(_Range):
    """Every value between low and high is equally likely."""

    kind: Literal["uniform"] = "uniform"


class LogUniform(_Range):
    """The logarithm is uniform: each doubling is equally likely. Both ends are positive."""

    kind: Literal["log_uniform"] = "log_uniform"

    @model_validator(mode="after")
    def _positive(self) -> "LogUniform":
        if self.low <= 0:
            raise ValueError(f"a log-uniform range needs low > 0, found {self.low:g}")
        return self


class Normal(Spec):
    """A normal distribution; where low or high is given, drawn anew until the value is not beyond it."""

    kind: Literal["normal"] = "normal"
    mean: float
    std: float = Field(gt=0)
    low: float | None = None
    high: float | None = None

    @model_validator(mode="after")
    def _reachable(self) -> "Normal":
        low, high = support(self)
        if low > high:
            raise ValueError(f"low {low:g} is above high {high:g}; swap them")
        if low > self.mean + 4 * self.std or high < self.mean - 4 * self.std:
            raise ValueError("low..high lies more than 4 standard deviations from the mean; it would never be drawn")
        return self


class Bernoulli(Spec):
    """1 with a probability, else 0."""

    kind: Literal["bernoulli"] = "bernoulli"
    probability: float = Field(ge=0, le=1)


class Linspace(_Range):
    """One of `num` evenly spaced values from low to high, both included; each is equally likely."""

    kind: Literal["linspace"] = "linspace"
    num: int = Field(ge=1)


class Choice(Spec):
    """One of several values, with weights (equal if not given)."""

    kind: Literal["choice"] = "choice"
    values: tuple[float, ...] = Field(min_length=1)
    weights: tuple[Annotated[float, Field(ge=0)], ...] | None = None

    @model_validator(mode="after")
    def _matching(self) -> "Choice":
        if self.weights is not None and len(self.weights) != len(self.values):
            raise ValueError(f"{len(self.values)} values but {len(self.weights)} weights")
        if self.weights is not None and sum(self.weights) <= 0:
            raise ValueError("the weights sum to 0")
        return self


def _expand(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return {"kind": "constant", "value": value}
    if isinstance(value, list | tuple) and len(cast("list[Any]", value)) == 2:
        low, high = cast("list[Any]", value)
        return {"kind": "uniform", "low": low, "high": high}
    return cast("Any", value)


AnyDistribution: TypeAlias = Constant | Uniform | LogUniform | Normal | Choice | Bernoulli | Linspace
_Kinds = Annotated[Constant | Uniform | LogUniform | Normal | Choice | Bernoulli | Linspace, Discriminator("kind")]
Distribution = Annotated[_Kinds, BeforeValidator(_expand, json_schema_input_type=float | tuple[float, float] | _Kinds)]


def listed(distribution: AnyDistribution) -> tuple[float, ...] | None:
    """Returns all values that can be drawn, where they are given as a list, and None for a range."""
    match distribution:
        case Constant():
            return (distribution.value,)
        case Choice():
            return distribution.values
        case Linspace(low=low, high=high, num=num):
            return tuple(low + (high - low) * k / (num - 1) for k in range(num)) if num > 1 else (low,)
        case _:
            return None


def support(distribution: AnyDistribution) -> tuple[float, float]:
    """Returns the smallest and largest value that can be drawn; of an open normal distribution they are infinite."""
    match distribution:
        case Constant():
            return distribution.value, distribution.value
        case Choice():
            return min(distribution.values), max(distribution.values)
        case Bernoulli():
            return 0.0, 1.0
        case Normal():
            low = -math.inf if distribution.low is None else distribution.low
            return low, math.inf if distribution.high is None else distribution.high
        case _:
            return distribution.low, distribution.high
