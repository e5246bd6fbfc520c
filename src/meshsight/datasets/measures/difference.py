"""How far apart two samples of one number are: the difference, its interval, and two effect sizes.

Shapes: n, m values of the two sides; g groups of one side; b resamples.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from meshsight.core.rng import stream

NUM_RESAMPLES = 1000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measurements:
    """One number of many things.

    Attributes:
        values: NaN where it is not known.
        groups: from 0; things that share one, as the objects of a photograph do, are not independent.
    """

    values: Float[np.ndarray, " n"]
    groups: Int[np.ndarray, " n"]

    def known(self) -> "Measurements":
        """Returns those whose value is a number."""
        is_known = np.isfinite(self.values)
        return Measurements(values=self.values[is_known], groups=self.groups[is_known])


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The first side against the second.

    Attributes:
        first, second: the means.
        first_spread, second_spread: the standard deviations.
        difference: first - second.
        low, high: its 95 % interval, from a bootstrap over groups; None where a side has fewer than two groups.
        cliffs_delta: P(first > second) - P(first < second) of a value drawn from either side, -1 to 1.
        spread: the pooled standard deviation.
        distance: the Wasserstein distance of the two distributions over that spread. It also grows where the means
            agree and the spreads do not.
    """

    first: float
    second: float
    first_spread: float
    second_spread: float
    difference: float
    low: float | None
    high: float | None
    cliffs_delta: float
    spread: float
    distance: float

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves no difference out."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


def compare(first: Measurements, second: Measurements, *, least_spread: float, seed: int, name: str) -> Difference:
    """Compares two sides; each has at least one known value.

    Args:
        first: one side; values that are not known are left out.
        second: the other.
        least_spread: a pooled standard deviation below this counts as this, so that sides without spread compare.
        seed: of the bootstrap.
        name: makes the draws of different attributes independent.
    """
    first, second = first.known(), second.known()
    means = (float(first.values.mean()), float(second.values.mean()))
    interval = _interval(first, second, seed, name)
    spreads = float(first.values.std()), float(second.values.std())
    spread = max(float(np.hypot(*spreads)) / 2**0.5, least_spread)
    return Difference(
        first=means[0],
        second=means[1],
        first_spread=spreads[0],
        second_spread=spreads[1],
        difference=means[0] - means[1],
        low=interval[0] if interval else None,
        high=interval[1] if interval else None,
        cliffs_delta=cliffs_delta(first.values, second.values),
        spread=spread,
        distance=wasserstein(first.values, second.values) / spread,
    )


def cliffs_delta(first: Float[np.ndarray, " n"], second: Float[np.ndarray, " m"]) -> float:
    """Returns how often a value of the first side is above one of the second, less how often below (Cliff 1993)."""
    ordered = np.sort(second)
    below = np.searchsorted(ordered, first, side="left")
    above = len(second) - np.searchsorted(ordered, first, side="right")
    return float((below - above).sum() / (len(first) * len(second)))


def wasserstein(first: Float[np.ndarray, " n"], second: Float[np.ndarray, " m"]) -> float:
    """Returns the area between the two distribution functions, in the unit of the values."""
    first, second = np.sort(first), np.sort(second)
    places = np.sort(np.concatenate([first, second]))
    share_first = np.searchsorted(first, places[:-1], side="right") / len(first)
    share_second = np.searchsorted(second, places[:-1], side="right") / len(second)
    return float(np.sum(np.abs(share_first - share_second) * np.diff(places)))


def _interval(first: Measurements, second: Measurements, seed: int, name: str) -> tuple[float, float] | None:
    """The 2.5 and 97.5 percentiles of the difference of the means under resampling of groups (Efron 1979)."""
    draws = [
        _resampled_means(side, stream(seed, 0, f"bootstrap/{name}/{index}"))
        for index, side in enumerate((first, second))
    ]
    if draws[0] is None or draws[1] is None:
        return None
    low, high = np.quantile(draws[0] - draws[1], [0.025, 0.975])
    return float(low), float(high)


def _resampled_means(side: Measurements, rng: np.random.Generator) -> Float[np.ndarray, " b"] | None:
    """The mean of each resample: whole groups are drawn, so sums and counts of groups are all that is needed."""
    _, group = np.unique(side.groups, return_inverse=True)
    count = np.bincount(group).astype(np.float64)
    if len(count) < 2:
        return None
    total = np.bincount(group, weights=side.values)
    means = np.empty(NUM_RESAMPLES)
    for index in range(NUM_RESAMPLES):
        drawn = rng.integers(len(count), size=len(count))
        means[index] = total[drawn].sum() / count[drawn].sum()
    return means
