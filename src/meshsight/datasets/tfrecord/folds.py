"""Which image goes into which fold, as TAO's converter parts a data set without splits of its own."""

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from meshsight.core.errors import DataError

SEED = 42
Fold = list[int]


def random_folds(names: Sequence[str], val_percent: float) -> list[Fold]:
    """Returns two folds of indices: the first part of the sorted names for validation, the rest; each is shuffled.

    Images of one scene may come to lie on both sides: `sequence_folds` keeps them together.
    """
    order = sorted(range(len(names)), key=lambda index: names[index])
    count = int(len(names) * val_percent / 100)
    folds = [order[:count], order[count:]]
    shuffling = random.Random(SEED)
    for fold in folds:
        shuffling.shuffle(fold)
    return folds


def sequence_folds(sequences: Sequence[str], num_folds: int) -> list[Fold]:
    """Returns folds of indices such that no sequence is parted: the longest goes first, into the emptiest fold.

    Args:
        sequences: the sequence of each image.
        num_folds: how many; fold 0 is the smallest, as it is for validation.
    """
    members: dict[str, Fold] = {}
    for index, sequence in enumerate(sequences):
        members.setdefault(sequence, []).append(index)
    folds: list[Fold] = [[] for _ in range(num_folds)]
    for _, indices in sorted(members.items(), key=lambda item: (-len(item[1]), item[0])):
        min(reversed(folds), key=len).extend(indices)
    return sorted(folds, key=len)


def sequences_from(path: Path, names: Sequence[str]) -> list[str]:
    """Returns the sequence of each name, from a map `{"SEQUENCE": ["NAME", ...]}` (TAO's kitti_seq_to_map.json).

    Raises:
        DataError: the file is missing or damaged, or does not name an image.
    """
    try:
        listed = TypeAdapter(Mapping[str, tuple[str, ...]]).validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise DataError(f"{path}: no map of sequences to image names ({error})") from error
    owners = {name: sequence for sequence, members in listed.items() for name in members}
    absent = [name for name in names if name not in owners]
    if absent:
        raise DataError(f"{path}: {len(absent)} of {len(names)} images are in no sequence, first '{absent[0]}'")
    return [owners[name] for name in names]
