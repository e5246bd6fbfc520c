"""Step 4 of the walk: splits by group, so that no scene or photograph lies on both sides.

The side of a group is a hash of the seed and the group's name. It depends on nothing else: adding samples moves none of
those that were there.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace

from meshsight.core.errors import CallError
from meshsight.records.dataset import Dataset
from meshsight.records.sample import Sample


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


def split_dataset(dataset: Dataset, fractions: Mapping[str, float], seed: int) -> dict[str, Dataset]:
    """Parts a data set by group; the sizes come close to the fractions when there are many groups.

    The fingerprints stay the whole's, with the split's name, the fractions and the seed added.

    Raises:
        CallError: the fractions are not positive or do not sum to 1.
    """
    if not fractions or any(share <= 0 for share in fractions.values()) or abs(sum(fractions.values()) - 1) > 1e-6:
        raise CallError(f"the fractions of a split must be positive and sum to 1, found {dict(fractions)}")
    sides = [side_of(sample.group, fractions, seed) for sample in dataset.samples()]
    recipe = f"{','.join(f'{name}={share:g}' for name, share in fractions.items())}@{seed}"
    return {name: _one_side(dataset, name, sides, recipe) for name in fractions}


def _one_side(dataset: Dataset, name: str, sides: list[str], recipe: str) -> Dataset:
    def samples() -> Iterator[Sample]:
        return (sample for sample, side in zip(dataset.samples(), sides, strict=True) if side == name)

    fingerprint = None if dataset.fingerprint is None else f"{dataset.fingerprint}#{name}:{recipe}"
    return replace(
        dataset,
        num_samples=sides.count(name),
        samples=samples,
        name=f"{dataset.name}#{name}",
        fingerprint=fingerprint,
    )
