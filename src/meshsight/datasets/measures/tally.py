"""Counting into bins that are fixed beforehand, so that any number of values takes the same memory."""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Int


@dataclass(slots=True, eq=False)
class Tally:
    """How many values fell into each bin.

    Attributes:
        edges: borders of the bins, growing; a bin holds its lower border, and the last one also its upper border.
        counts: values in each bin; the outermost bins also hold what lies beyond.
    """

    edges: Float[np.ndarray, " e"]
    counts: Int[np.ndarray, " b"] = field(init=False)

    def __post_init__(self) -> None:
        self.counts = np.zeros(len(self.edges) - 1, dtype=np.int64)

    @property
    def total(self) -> int:
        """How many values were counted."""
        return int(self.counts.sum())

    def add(self, values: Float[np.ndarray, " n"]) -> None:
        """Counts values; those that are not numbers are left out."""
        known = values[np.isfinite(values)]
        self.counts += np.histogram(np.clip(known, self.edges[0], self.edges[-1]), self.edges)[0]

    def add_tally(self, other: "Tally") -> None:
        """Adds the counts of a tally with the same bins."""
        assert np.array_equal(self.edges, other.edges)
        self.counts += other.counts

    def share_below(self, limit: float) -> float:
        """Returns the share of values in the bins that end at or below a limit; NaN without values."""
        return float(self.counts[self.edges[1:] <= limit].sum() / self.total) if self.total else float("nan")

    def quantile(self, share: float) -> float:
        """Returns the value below which a share of all lies, exact to the bin; NaN without values."""
        if not self.total:
            return float("nan")
        reached = np.cumsum(self.counts) / self.total
        index = min(int(np.searchsorted(reached, share)), len(self.counts) - 1)
        before = reached[index - 1] if index else 0.0
        inner = (share - before) / (reached[index] - before)
        return float(self.edges[index] + inner * (self.edges[index + 1] - self.edges[index]))


def by_factor(low: float, high: float, per_doubling: int) -> Tally:
    """Returns an empty tally whose bins grow by a factor, `per_doubling` of them for every doubling."""
    steps = round(np.log2(high / low) * per_doubling)
    return Tally(np.geomspace(low, high, steps + 1))


def by_step(low: float, high: float, num_bins: int) -> Tally:
    """Returns an empty tally with bins of one width."""
    return Tally(np.linspace(low, high, num_bins + 1))
