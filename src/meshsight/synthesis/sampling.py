"""Numbers drawn from distributions."""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from meshsight.specs.distributions import (
    AnyDistribution,
    Bernoulli,
    Choice,
    Constant,
    Linspace,
    LogUniform,
    Normal,
    Uniform,
    support,
)


def sample(distribution: AnyDistribution, rng: np.random.Generator) -> float:
    """Draws one number."""
    match distribution:
        case Constant():
            return distribution.value
        case Uniform():
            return float(rng.uniform(distribution.low, distribution.high))
        case LogUniform():
            drawn = float(np.exp(rng.uniform(np.log(distribution.low), np.log(distribution.high))))
            return min(max(drawn, distribution.low), distribution.high)
        case Normal():
            return _sample_normal(distribution, rng)
        case Choice():
            return distribution.values[sample_index(distribution.weights or (1.0,) * len(distribution.values), rng)]
        case Bernoulli():
            return float(rng.random() < distribution.probability)
        case Linspace():
            values = np.linspace(distribution.low, distribution.high, distribution.num)
            return float(values[rng.integers(0, distribution.num)])


def _sample_normal(distribution: Normal, rng: np.random.Generator) -> float:
    low, high = support(distribution)
    while True:
        drawn = float(rng.normal(distribution.mean, distribution.std))
        if low <= drawn <= high:
            return drawn


def sample_count(distribution: AnyDistribution, rng: np.random.Generator) -> int:
    """Draws a whole number: of a uniform range each one is equally likely, of others the number is rounded."""
    if isinstance(distribution, Uniform) and math.ceil(distribution.low) <= math.floor(distribution.high):
        return int(rng.integers(math.ceil(distribution.low), math.floor(distribution.high) + 1))
    return round(sample(distribution, rng))


def sample_index(weights: Sequence[float] | Float[np.ndarray, " n"], rng: np.random.Generator) -> int:
    """Draws an index with a probability proportional to its weight."""
    sums = np.cumsum(weights)
    return int(np.searchsorted(sums, rng.uniform(0.0, sums[-1]), side="right"))


def describe(distribution: AnyDistribution) -> str:
    """Returns a distribution in the words of a recipe, such as "uniform(0.9, 1.1)"."""
    match distribution:
        case Constant():
            return f"constant({distribution.value:g})"
        case Uniform() | LogUniform():
            return f"{distribution.kind}({distribution.low:g}, {distribution.high:g})"
        case Normal():
            low, high = support(distribution)
            within = "" if np.isinf([low, high]).all() else f" within {low:g}..{high:g}"
            return f"normal({distribution.mean:g}, {distribution.std:g}){within}"
        case Choice():
            values = ", ".join(f"{value:g}" for value in distribution.values)
            weights = ", ".join(f"{weight:g}" for weight in distribution.weights or ())
            return f"choice({values})" + (f" by weights ({weights})" if weights else "")
        case Bernoulli():
            return f"bernoulli({distribution.probability:g})"
        case Linspace():
            return f"linspace({distribution.low:g}, {distribution.high:g}, {distribution.num})"


def describe_given(**distributions: AnyDistribution | None) -> str:
    """Returns those of several named distributions that are given, such as "density uniform(0.1, 0.3)"."""
    return ", ".join(f"{name} {describe(drawn)}" for name, drawn in distributions.items() if drawn is not None)
