"""Differences of two sides, against slow oracles and known answers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from meshsight.datasets.measures.difference import Measurements, cliffs_delta, compare, wasserstein

VALUES = st.lists(st.floats(-5, 5).map(lambda value: round(value, 1)), min_size=1, max_size=12)


def measured(values: object, groups: object = None) -> Measurements:
    array = np.asarray(values, dtype=np.float64)
    return Measurements(values=array, groups=np.arange(len(array)) if groups is None else np.asarray(groups))


@settings(derandomize=True, max_examples=60, deadline=None)
@given(VALUES, VALUES)
def test_effect_sizes_equal_slow_ones(first: list[float], second: list[float]) -> None:
    a, b = np.array(first), np.array(second)
    signs = [np.sign(x - y) for x in first for y in second]
    assert cliffs_delta(a, b) == pytest.approx(np.mean(signs))
    assert wasserstein(a, b) == pytest.approx(stats.wasserstein_distance(a, b))


def test_a_side_and_itself_do_not_differ() -> None:
    side = measured(np.random.default_rng(0).normal(size=40))
    found = compare(side, side, least_spread=0.01, seed=0, name="x")
    assert (found.difference, found.cliffs_delta, found.distance) == (0, 0, 0)
    assert found.low is not None and found.high is not None and found.low < 0 < found.high
    assert not found.is_clear


def test_a_shift_is_found_with_its_size() -> None:
    values = np.random.default_rng(0).normal(size=60)
    found = compare(measured(values + 1.5), measured(values), least_spread=0.01, seed=0, name="x")
    assert found.difference == pytest.approx(1.5)
    assert found.distance == pytest.approx(1.5 / values.std())
    assert found.is_clear and found.low is not None and found.low > 0
    back = compare(measured(values), measured(values + 1.5), least_spread=0.01, seed=0, name="x")
    assert (back.difference, back.cliffs_delta) == (-found.difference, -found.cliffs_delta)


def test_the_interval_is_as_wide_as_theory_says() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=400), rng.normal(size=100)
    found = compare(measured(first), measured(second), least_spread=0.01, seed=0, name="x")
    assert found.low is not None and found.high is not None
    expected = 2 * 1.96 * np.sqrt(first.var() / 400 + second.var() / 100)
    assert found.high - found.low == pytest.approx(expected, rel=0.1)


def test_things_of_one_group_count_once() -> None:
    rng = np.random.default_rng(0)
    values, other = rng.normal(size=30), measured(rng.normal(size=30))
    once = compare(measured(values), other, least_spread=0.01, seed=0, name="x")
    often = measured(np.repeat(values, 20), np.repeat(np.arange(30), 20))
    repeated = compare(often, other, least_spread=0.01, seed=0, name="x")
    assert (repeated.low, repeated.high) == pytest.approx((once.low, once.high))
    alone = compare(measured(np.repeat(values, 20)), other, least_spread=0.01, seed=0, name="x")
    assert alone.high is not None and alone.low is not None and once.high is not None and once.low is not None
    assert alone.high - alone.low < 0.9 * (once.high - once.low)


def test_one_group_has_no_interval_and_no_clear_difference() -> None:
    found = compare(measured([1.0, 2.0], [0, 0]), measured([9.0, 9.5]), least_spread=0.01, seed=0, name="x")
    assert (found.low, found.high, found.is_clear) == (None, None, False)
    assert found.difference == pytest.approx(-7.75)


def test_unknown_values_are_left_out() -> None:
    known = compare(measured([1.0, 2.0, 3.0]), measured([0.0, 1.0]), least_spread=0.01, seed=0, name="x")
    gappy = measured([np.nan, 1.0, 2.0, np.nan, 3.0])
    assert compare(gappy, measured([0.0, 1.0]), least_spread=0.01, seed=0, name="x") == known


def test_sides_without_spread_compare() -> None:
    found = compare(measured([2.0, 2.0, 2.0]), measured([1.0, 1.0]), least_spread=0.5, seed=0, name="x")
    assert (found.difference, found.low, found.high, found.distance) == (1, 1, 1, 2)


def test_the_seed_decides() -> None:
    rng = np.random.default_rng(3)
    sides = measured(rng.normal(size=20)), measured(rng.normal(size=20))
    first, again, other = (compare(*sides, least_spread=0.1, seed=seed, name="x") for seed in (0, 0, 1))
    assert first == again
    assert (first.low, first.high) != (other.low, other.high)
