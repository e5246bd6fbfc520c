import itertools
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshsight.specs.training_data import DataSpec, MixSpec
from meshsight.training.labels import LabelTable, read_labels
from meshsight.training.order import SampleOrder, image_weights, resample, source_counts


def order_of(labels: LabelTable, batch_size: int = 4, num_batches: int = 60, **spec: object) -> SampleOrder:
    data = DataSpec.model_validate(spec)
    return SampleOrder(labels=labels, spec=data, batch_size=batch_size, num_positions=num_batches * batch_size, seed=5)


@pytest.fixture
def labels(make_dataset) -> LabelTable:
    return read_labels([make_dataset("a", num=9), make_dataset("b", num=3, seed=1)], 0.0)


@given(weights=st.lists(st.floats(0.01, 100), min_size=1, max_size=40), phase=st.floats(0, 0.999))
@settings(max_examples=100, derandomize=True, deadline=None)
def test_weighted_draws_are_within_one_of_their_expectation(weights: list[float], phase: float) -> None:
    drawn = resample(np.array(weights), phase)
    assert len(drawn) == len(weights)
    expected = np.array(weights) / np.sum(weights) * len(weights)
    counts = np.bincount(drawn, minlength=len(weights))
    assert (np.abs(counts - expected) <= 1 + 1e-6).all()


def test_shares_of_sources_are_exact_in_every_pass_and_even_in_every_batch(labels: LabelTable) -> None:
    order = order_of(labels, mix={"start": {"a": 1, "b": 1}})
    sources = [labels.source_ids[order.index(position)] for position in range(240)]
    per_batch = np.array(sources).reshape(-1, 4).sum(axis=1)
    assert per_batch.mean() == 2
    assert per_batch.min() >= 1
    assert per_batch.max() <= 3
    drawn = Counter(order.index(position) for position in range(240))
    # Half of the draws are shared by the three images of b, the other half by the nine of a, evenly.
    assert all(drawn[i] == 40 for i in (9, 10, 11))
    assert all(drawn[i] in (13, 14) for i in range(9))


def test_shares_change_over_the_run(labels: LabelTable) -> None:
    mix = {"start": {"a": 1, "b": 0}, "end": {"a": 0, "b": 1}, "begins": 0.25, "ends": 0.75}
    order = order_of(labels, mix=mix)
    shares = [
        np.mean([labels.source_ids[order.index(epoch * 12 + place)] for place in range(12)]) for epoch in range(20)
    ]
    assert shares[:5] == [0] * 5
    assert shares[15:] == [1] * 5
    assert all(a <= b for a, b in itertools.pairwise(shares))
    assert 0.4 < shares[10] < 0.65


def test_counts_of_sources_add_up() -> None:
    counts = source_counts(MixSpec(start={"x": 1, "y": 1, "z": 1}), ("z", "x", "y"), 3, 100)
    assert counts.sum(axis=1).tolist() == [100, 100, 100]
    assert counts.max() - counts.min() == 1


def test_batches_of_one_orientation_lose_and_repeat_nothing(labels: LabelTable) -> None:
    sizes = labels.sizes_hw.copy()
    sizes[[1, 4, 7, 10]] = (100, 50)
    order = order_of(replace(labels, sizes_hw=sizes), batch_size=5, group_by_aspect=True)
    plans = [order.batch(k) for k in range(24)]
    assert sorted(np.concatenate([plan.positions for plan in plans]).tolist()) == list(range(120))
    mixed = 0
    for plan in plans:
        uprights = {bool(sizes[order.index(int(p))][0] > sizes[order.index(int(p))][1]) for p in plan.positions}
        mixed += len(uprights) == 2
        assert uprights == {plan.is_upright} or not plan.is_upright
    assert mixed <= 24 // 3  # one in each stretch as long as a pass (3 batches)
    again = order_of(replace(labels, sizes_hw=sizes), batch_size=5, group_by_aspect=True)
    np.testing.assert_array_equal(again.batch(17).positions, plans[17].positions)


def test_rare_classes_are_drawn_more_often(labels: LabelTable) -> None:
    """Class 1 in one of twelve images: its repeat factor is sqrt(0.5 / (1/12)) = sqrt(6)."""
    ids = np.zeros_like(labels.class_ids)
    ids[labels.rows(3)] = 1
    table = replace(labels, class_ids=ids)
    repeat = image_weights(table, DataSpec(sampling="repeat_factor", repeat_threshold=0.5))
    assert repeat is not None
    assert repeat[3] == pytest.approx(6**0.5)
    assert np.delete(repeat, 3).tolist() == [1.0] * 11
    balanced = order_of(table, sampling="class_balanced", num_batches=300)
    drawn = Counter(balanced.index(position) for position in range(1200))
    assert drawn[3] == pytest.approx(600, abs=1)
    assert all(drawn[i] == pytest.approx(600 / 11, abs=20) for i in range(12) if i != 3)


def test_images_without_objects_keep_their_share_when_classes_are_balanced(labels: LabelTable) -> None:
    ignored = labels.is_ignored.copy()
    ignored[labels.rows(0)] = True
    weights = image_weights(replace(labels, is_ignored=ignored), DataSpec(sampling="class_balanced"))
    assert weights is not None
    assert weights[0] / weights.sum() == pytest.approx(1 / 12)
