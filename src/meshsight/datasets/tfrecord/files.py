"""Names of TFRecord shards: `NAME-fold-000-of-002-shard-00003-of-00010` (TAO) and `NAME.tfrecord-00003-of-00010`.

In TAO's files fold 0 is for validation and the others for training. A split that is neither goes by its own name.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from meshsight.core.errors import DataError
from meshsight.datasets.format import WHOLE

SHARDS = "tfrecords"
VALIDATION, TRAINING = "val", "train"
WHOLE_NAME = "data"
_SPLIT_NAMES = frozenset({TRAINING, VALIDATION, "valid", "validation", "test"})

_NAME = re.compile(
    r"(?P<name>.*?)(?:-fold-(?P<fold>\d+)-of-(?P<folds>\d+))?(?:(?:-shard)?-(?P<shard>\d+)-of-(?P<shards>\d+))?"
    r"(?P<suffix>\.tfrecords?|\.record)?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """A file and what its name says: its fold and its number, with how many there are of each."""

    path: Path
    name: str
    fold: int | None
    num_folds: int
    index: int
    num_shards: int


def root_of(path: Path) -> Path:
    """Returns the folder of a data set that is named by its folder, its folder of shards or one file."""
    folder = path.parent if path.is_file() else path
    return folder.parent if folder.name == SHARDS else folder


def find_shards(path: Path) -> list[Shard]:
    """Finds the shards of a folder, in it or in `tfrecords/`, or a single file; sorted by name, fold and number."""
    if path.is_file():
        shard = parse_name(path)
        return [] if shard is None else [shard]
    for folder in (path, path / SHARDS):
        files = (file for file in folder.iterdir() if file.is_file()) if folder.is_dir() else ()
        shards = [shard for file in files if (shard := parse_name(file)) is not None]
        if shards:
            return sorted(shards, key=lambda s: (s.name, s.fold or 0, s.index))
    return []


def parse_name(file: Path) -> Shard | None:
    """Reads a file's name; None for one that is no shard's."""
    match = _NAME.fullmatch(file.name)
    if match is None or not (match["shard"] or match["suffix"]):
        return None
    return Shard(
        path=file,
        name=re.sub(r"\.(tfrecords?|record)$", "", match["name"]),
        fold=None if match["fold"] is None else int(match["fold"]),
        num_folds=int(match["folds"] or 1),
        index=int(match["shard"] or 0),
        num_shards=int(match["shards"] or 1),
    )


def by_split(shards: Sequence[Shard]) -> dict[str, list[Shard]]:
    """Parts shards into splits by name and fold; they are WHOLE where one group is all and not called like a split.

    Raises:
        DataError: a shard is missing.
    """
    groups: dict[tuple[str, int], list[Shard]] = {}
    for shard in shards:
        groups.setdefault((shard.name, shard.fold or 0), []).append(shard)
    for group in groups.values():
        _check_whole(group)
    has_one_folded = len({shard.name for shard in shards if shard.num_folds > 1}) == 1
    splits = {_split_name(group[0], has_one_folded): group for group in groups.values()}
    if len(splits) == 1 and next(iter(splits)) not in _SPLIT_NAMES:
        return {WHOLE: list(shards)}
    usual = sorted(splits, key=lambda name: (name != TRAINING, name != VALIDATION))
    return {name: splits[name] for name in usual}


def as_folds(splits: Iterable[str]) -> dict[str, tuple[str, int, int]]:
    """Returns for each split the name, the fold and the number of folds of TAO's files."""
    names = sorted(splits)
    has_both = VALIDATION in names and TRAINING in names
    pair = {VALIDATION: (WHOLE_NAME, 0, 2), TRAINING: (WHOLE_NAME, 1, 2)} if has_both else {}
    return {name: pair.get(name, (name or WHOLE_NAME, 0, 1)) for name in names}


def _split_name(shard: Shard, is_alone: bool) -> str:
    if shard.num_folds == 1:
        return shard.name
    pair = (VALIDATION, TRAINING)
    fold = pair[shard.fold or 0] if shard.num_folds == len(pair) else f"fold-{shard.fold}"
    return fold if is_alone else f"{shard.name}-{fold}"


def _check_whole(group: Sequence[Shard]) -> None:
    """Raises where shards of one name and fold are not all there."""
    missing = set(range(group[0].num_shards)) - {shard.index for shard in group}
    if missing:
        raise DataError(
            f"{group[0].path.parent}: {len(missing)} of {group[0].num_shards} shards of '{group[0].name}' are missing, "
            f"first number {min(missing)}"
        )
