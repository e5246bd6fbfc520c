"""Tallies count what a histogram counts, and forget nothing."""

import numpy as np
import pytest

from meshsight.datasets.measures.tally import by_factor, by_step


def test_parts_together_are_the_whole() -> None:
    values = np.random.default_rng(0).normal(5, 3, 1000)
    whole, parts, other = by_step(0.0, 10.0, 20), by_step(0.0, 10.0, 20), by_step(0.0, 10.0, 20)
    whole.add(values)
    for part in np.array_split(values[:400], 7):
        parts.add(part)
    other.add(values[400:])
    parts.add_tally(other)
    np.testing.assert_array_equal(parts.counts, whole.counts)
    np.testing.assert_array_equal(whole.counts[1:-1], np.histogram(values, whole.edges)[0][1:-1])
    assert whole.total == 1000  # what lies beyond is in the outermost bins


def test_unknown_values_are_not_counted() -> None:
    tally = by_step(0.0, 1.0, 4)
    tally.add(np.array([np.nan, 0.0, 0.25, 1.0, np.inf]))
    assert tally.counts.tolist() == [1, 1, 0, 1]


def test_bins_grow_by_a_factor() -> None:
    tally = by_factor(1.0, 16.0, 2)
    np.testing.assert_allclose(tally.edges[1:] / tally.edges[:-1], np.sqrt(2))
    assert len(tally.counts) == 8


def test_shares_and_quantiles() -> None:
    tally = by_step(0.0, 100.0, 100)
    tally.add(np.arange(100) + 0.5)
    assert tally.share_below(30.0) == pytest.approx(0.3)
    for share in (0.0, 0.1, 0.5, 1.0):
        assert tally.quantile(share) == pytest.approx(100 * share, abs=1)
    assert np.isnan(by_step(0.0, 1.0, 2).quantile(0.5)) and np.isnan(by_step(0.0, 1.0, 2).share_below(1.0))
