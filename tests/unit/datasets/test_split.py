"""Splits by group: no group on both sides, nothing moves when samples are added."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

from meshsight.core.errors import CallError
from meshsight.datasets.split import side_of, split_dataset
from meshsight.records.dataset import Dataset
from meshsight.records.sample import Sample

FRACTIONS = {"train": 0.7, "val": 0.2, "test": 0.1}


def views(num_groups: int, each: int = 3) -> Dataset:
    def samples() -> Iterator[Sample]:
        for index in range(num_groups * each):
            group = f"scene-{index // each}"
            yield Sample(image=f"{index}.jpg", size_hw=(1, 1), objects=(), frame=index, group=group)

    return Dataset(
        root=Path(), classes=("a",), num_samples=num_groups * each, samples=samples, name="views", fingerprint="f"
    )


def test_the_parts_make_the_whole_and_share_no_group() -> None:
    whole = views(400)
    parts = split_dataset(whole, FRACTIONS, seed=3)
    images = {name: [sample.image for sample in part.samples()] for name, part in parts.items()}
    assert sorted(chain(*images.values())) == sorted(sample.image for sample in whole.samples())
    groups = [{sample.group for sample in part.samples()} for part in parts.values()]
    assert not (groups[0] & groups[1] or groups[0] & groups[2] or groups[1] & groups[2])
    for name, part in parts.items():
        assert part.num_samples == len(images[name])
        assert abs(part.num_samples / whole.num_samples - FRACTIONS[name]) < 0.06
        assert part.name == f"views#{name}" and part.fingerprint == f"f#{name}:train=0.7,val=0.2,test=0.1@3"


def test_adding_samples_moves_none() -> None:
    few, many = (split_dataset(views(count), FRACTIONS, seed=3) for count in (50, 400))
    for name in FRACTIONS:
        assert {s.group for s in few[name].samples()} <= {s.group for s in many[name].samples()}


def test_seeds_are_independent() -> None:
    sides = [[side_of(f"g{i}", FRACTIONS, seed) for i in range(500)] for seed in (0, 1)]
    both = sum(a == b for a, b in zip(*sides, strict=True)) / 500
    assert abs(both - sum(share**2 for share in FRACTIONS.values())) < 0.07


@pytest.mark.parametrize("fractions", [{}, {"a": 0.5}, {"a": 1.5, "b": -0.5}])
def test_impossible_fractions_are_refused(fractions: dict[str, float]) -> None:
    with pytest.raises(CallError, match="must be positive and sum to 1"):
        split_dataset(views(2), fractions, seed=0)
