"""Stratified splits: shares hold for every class, groups stay whole, the order of samples does not matter."""

from itertools import chain, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshsight.datasets.split import SplitRule, sides_of_units
from meshsight.datasets.split_units import By, units_of
from meshsight.records.sample import ObjectLabel, Sample

FRACTIONS = {"train": 0.7, "val": 0.2, "test": 0.1}


def sample_of(number: int, group: str, class_ids: list[int], folder: str = "", source: str | None = None) -> Sample:
    objects = tuple(ObjectLabel(class_id=class_id, box=(0.0, 0.0, 1.0, 1.0)) for class_id in class_ids)
    image = f"{folder}{number}.png"
    return Sample(image=image, size_hw=(1, 1), objects=objects, frame=number, group=group, source=source)


def crowd(seed: int, num_samples: int = 400, num_classes: int = 6) -> list[Sample]:
    """Groups of one to five samples; class c is about twice as rare as class c - 1."""
    rng = np.random.default_rng(seed)
    weights = 0.5 ** np.arange(num_classes)
    return [
        sample_of(
            i,
            f"g{rng.integers(0, 150)}",
            rng.choice(num_classes, rng.integers(0, 4), p=weights / weights.sum()).tolist(),
        )
        for i in range(num_samples)
    ]


def sides(samples: list[Sample], rule: SplitRule) -> dict[str, str]:
    units = units_of(samples, rule.by)
    found = sides_of_units(units, rule)
    return {sample.image: found[unit.name] for sample, unit in zip(samples, units, strict=True)}


def shares(samples: list[Sample], found: dict[str, str], class_id: int) -> dict[str, float]:
    of = {name: 0 for name in FRACTIONS}
    for sample in samples:
        of[found[sample.image]] += sum(label.class_id == class_id for label in sample.objects)
    return {name: count / sum(of.values()) for name, count in of.items()}


@pytest.mark.parametrize("is_stratified", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_no_group_lies_on_two_sides(seed: int, is_stratified: bool) -> None:
    samples = crowd(seed)
    found = sides(samples, SplitRule(fractions=FRACTIONS, seed=seed, is_stratified=is_stratified))
    by_group: dict[str, set[str]] = {}
    for sample in samples:
        by_group.setdefault(sample.group, set()).add(found[sample.image])
    assert all(len(names) == 1 for names in by_group.values())
    assert set(chain(*by_group.values())) == set(FRACTIONS)


@pytest.mark.parametrize("seed", range(5))
def test_every_class_has_its_share(seed: int) -> None:
    samples = crowd(seed)
    found = sides(samples, SplitRule(fractions=FRACTIONS, seed=seed, is_stratified=True))
    for class_id in range(6):
        total = sum(label.class_id == class_id for sample in samples for label in sample.objects)
        got = shares(samples, found, class_id)
        # A group goes as a whole: a few objects too many or too few cannot be helped.
        assert all(abs(got[name] - share) <= max(0.03, 3 / total) for name, share in FRACTIONS.items()), (class_id, got)


def test_a_class_of_ten_groups_reaches_every_side_which_chance_does_not_grant() -> None:
    samples = [sample_of(i, f"g{i}", [0]) for i in range(200)] + [sample_of(i, f"r{i}", [1]) for i in range(200, 210)]
    missed = 0
    for seed in range(10):
        for is_stratified in (True, False):
            found = sides(samples, SplitRule(fractions=FRACTIONS, seed=seed, is_stratified=is_stratified))
            rare = [found[sample.image] for sample in samples[200:]]
            if is_stratified:
                assert [rare.count(name) for name in FRACTIONS] == [7, 2, 1]
            else:
                missed += len(set(rare)) < 3
    assert missed > 0


@given(st.integers(0, 5), st.randoms(use_true_random=False), st.booleans())
def test_the_order_of_samples_does_not_matter(seed: int, random, is_stratified: bool) -> None:
    samples = crowd(seed, num_samples=60)
    rule = SplitRule(fractions=FRACTIONS, seed=seed, is_stratified=is_stratified)
    shuffled = list(samples)
    random.shuffle(shuffled)
    assert sides(samples, rule) == sides(shuffled, rule)


def test_another_seed_is_another_split_and_the_same_seed_the_same() -> None:
    samples = crowd(1)
    rules = [SplitRule(fractions=FRACTIONS, seed=seed, is_stratified=True) for seed in (0, 0, 1)]
    first, again, other = (sides(samples, rule) for rule in rules)
    assert first == again != other


def test_images_without_objects_are_shared_out_too() -> None:
    samples = [sample_of(i, f"g{i}", []) for i in range(100)]
    found = sides(samples, SplitRule(fractions=FRACTIONS, is_stratified=True))
    assert [list(found.values()).count(name) for name in FRACTIONS] == [70, 20, 10]


@pytest.mark.parametrize("by", ["folder", "source"])
def test_a_folder_or_source_stays_whole_and_so_do_groups_across_it(by: By) -> None:
    places = [f"{letter}/" for letter in "abcdefghijklmnop"]
    samples = [sample_of(i, f"g{i}", [], place, place) for i, place in enumerate(p for p in places for _ in range(5))]
    for number, pair in enumerate(pairwise("abc")):  # a group reaches from a to b, another from b to c
        samples += [sample_of(100 + number, f"tie{number}", [], f"{place}/", f"{place}/") for place in pair]
    units = units_of(samples, by)
    assert len({unit.name for unit in units}) == len(places) - 2
    of_place: dict[str, set[str]] = {}
    for sample, unit in zip(samples, units, strict=True):
        of_place.setdefault(sample.image[:2], set()).add(unit.name)
    assert of_place["a/"] == of_place["b/"] == of_place["c/"] and all(len(names) == 1 for names in of_place.values())
    assert sum(unit.num_images for unit in {unit.name: unit for unit in units}.values()) == len(samples)


def test_ignored_regions_do_not_count() -> None:
    label = ObjectLabel(class_id=0, box=(0.0, 0.0, 1.0, 1.0), is_ignored=True)
    (unit,) = units_of([Sample(image="a", size_hw=(1, 1), objects=(label,), frame=0, group="g")], "group")
    assert unit.num_images == 1 and not unit.num_objects
    assert unit.name == "g"
