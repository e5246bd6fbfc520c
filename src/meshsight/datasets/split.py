"""Step 4 of the walk: splits by group, so that no scene or photograph lies on both sides.

The side of a group is a hash of the seed and the group's name. It depends on nothing else: adding samples moves none of
those that were there. A stratified split gives that up for equal shares of every class.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from meshsight.core.errors import CallError
from meshsight.datasets.split_units import By, Unit, units_of
from meshsight.datasets.stratify import stratified_sides
from meshsight.records.dataset import Dataset
from meshsight.records.sample import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitRule:
    """How samples are dealt to splits.

    Attributes:
        fractions: share of each split by name; they are positive and sum to 1.
        seed: another seed gives another, independent split.
        by: what is never parted; see `units_of`.
        is_stratified: keep the shares for every class, instead of the place of each group for ever.
    """

    fractions: Mapping[str, float]
    seed: int = 0
    by: By = "group"
    is_stratified: bool = False

    def __post_init__(self) -> None:
        shares = self.fractions.values()
        if not shares or any(share <= 0 for share in shares) or abs(sum(shares) - 1) > 1e-6:
            raise CallError(f"the fractions of a split must be positive and sum to 1, found {dict(self.fractions)}")


def position_of(group: str, seed: int) -> float:
    """Returns the place of a group in [0, 1), uniform over groups and seeds."""
    digest = hashlib.blake2b(f"{seed}\x1f{group}".encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "little") >> 11) / 2**53


def side_of(group: str, fractions: Mapping[str, float], seed: int) -> str:
    """Returns the name of the split that a group belongs to.

    Args:
        group: a sample's group.
        fractions: share of each split by name; they sum to 1.
        seed: another seed gives another, independent split.
    """
    position = position_of(group, seed)
    *most, last = fractions
    limit = 0.0
    for name in most:
        limit += fractions[name]
        if position < limit:
            return name
    return last


def sides_of_units(units: Sequence[Unit], rule: SplitRule) -> dict[str, str]:
    """Returns the split of each unit by its name."""
    unique = {unit.name: unit for unit in units}
    if rule.is_stratified:
        positions = {name: position_of(name, rule.seed) for name in unique}
        return stratified_sides(unique.values(), rule.fractions, positions)
    return {name: side_of(name, rule.fractions, rule.seed) for name in unique}


def split_dataset(dataset: Dataset, fractions: Mapping[str, float], seed: int) -> dict[str, Dataset]:
    """Parts a data set by group; the sizes come close to the fractions when there are many groups.

    The fingerprints stay the whole's, with the split's name, the fractions and the seed added.

    Raises:
        CallError: the fractions are not positive or do not sum to 1.
    """
    rule = SplitRule(fractions=fractions, seed=seed)
    units = units_of(dataset.samples(), rule.by)
    sides = sides_of_units(units, rule)
    of_samples = [sides[unit.name] for unit in units]
    recipe = f"{','.join(f'{name}={share:g}' for name, share in fractions.items())}@{seed}"
    return {name: select_sides(dataset, of_samples, {name}, f"{name}:{recipe}", name) for name in fractions}


def select_sides(dataset: Dataset, sides: Sequence[str], wanted: Collection[str], recipe: str, name: str) -> Dataset:
    """Returns the samples of some sides.

    Args:
        dataset: the whole.
        sides: the side of each sample, in their order.
        wanted: the sides to keep.
        recipe: how the split was made, for the fingerprint.
        name: what the part is called.
    """

    def samples() -> Iterator[Sample]:
        return (sample for sample, side in zip(dataset.samples(), sides, strict=True) if side in wanted)

    return replace(
        dataset,
        num_samples=sum(side in wanted for side in sides),
        samples=samples,
        name=f"{dataset.name}#{name}",
        fingerprint=None if dataset.fingerprint is None else f"{dataset.fingerprint}#{recipe}",
    )
