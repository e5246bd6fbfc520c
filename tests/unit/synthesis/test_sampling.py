import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshsight.specs.distributions import Choice, Constant, LogUniform, Normal, Uniform, support
from meshsight.synthesis.sampling import describe, sample, sample_count, sample_index

finite = st.floats(-1e3, 1e3)
pairs = st.tuples(finite, finite).map(sorted)
distributions = st.one_of(
    st.builds(Constant, value=finite),
    pairs.map(lambda ends: Uniform(low=ends[0], high=ends[1])),
    pairs.map(lambda ends: LogUniform(low=abs(ends[0]) + 1e-3, high=abs(ends[0]) + abs(ends[1]) + 1.0)),
    st.tuples(finite, st.floats(0.1, 10)).map(lambda n: Normal(mean=n[0], std=n[1], low=n[0] - n[1], high=n[0] + 9)),
    st.lists(finite, min_size=1, max_size=5).map(lambda values: Choice(values=tuple(values))),
)


@given(distributions, st.integers(0, 1000))
def test_draws_stay_within_the_support(distribution, seed):
    rng = np.random.default_rng(seed)
    low, high = support(distribution)
    assert all(low <= sample(distribution, rng) <= high for _ in range(20))


@given(distributions)
def test_every_distribution_can_be_described(distribution):
    assert distribution.kind in describe(distribution)


def test_descriptions_read_like_the_recipe():
    assert describe(Uniform(low=0.9, high=1.1)) == "uniform(0.9, 1.1)"
    assert describe(Choice(values=(0, 1), weights=(3, 1))) == "choice(0, 1) by weights (3, 1)"
    assert describe(Normal(mean=1, std=2, low=0, high=3)) == "normal(1, 2) within 0..3"


def test_a_log_uniform_spends_as_much_on_each_octave():
    rng = np.random.default_rng(0)
    drawn = np.array([sample(LogUniform(low=1, high=8), rng) for _ in range(6000)])
    shares = np.histogram(drawn, bins=[1, 2, 4, 8])[0] / len(drawn)
    np.testing.assert_allclose(shares, 1 / 3, atol=0.025)


def test_a_normal_has_its_mean_and_spread():
    rng = np.random.default_rng(0)
    drawn = np.array([sample(Normal(mean=5, std=2, low=-5, high=15), rng) for _ in range(6000)])
    assert drawn.mean() == pytest.approx(5, abs=0.1)
    assert drawn.std() == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize("ends", [(3, 8), (2.5, 8.5)])
def test_whole_numbers_of_a_range_are_equally_likely(ends):
    rng = np.random.default_rng(0)
    drawn = [sample_count(Uniform(low=ends[0], high=ends[1]), rng) for _ in range(6000)]
    shares = np.bincount(drawn, minlength=9) / len(drawn)
    np.testing.assert_allclose(shares, [0, 0, 0, *[1 / 6] * 6], atol=0.02)


def test_counts_of_other_distributions_are_rounded():
    rng = np.random.default_rng(0)
    assert sample_count(Constant(value=2.6), rng) == 3
    assert {sample_count(Uniform(low=2.2, high=2.8), rng) for _ in range(50)} == {2, 3}


def test_indices_follow_their_weights():
    rng = np.random.default_rng(0)
    drawn = np.bincount([sample_index((1.0, 0.0, 3.0), rng) for _ in range(4000)], minlength=3) / 4000
    np.testing.assert_allclose(drawn, [0.25, 0, 0.75], atol=0.02)
