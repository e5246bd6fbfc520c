"""A data set with all its splits, as `convert`, `split` and `merge` read it."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from meshsight.core.errors import CallError, DataError
from meshsight.datasets.classes import with_classes
from meshsight.datasets.format import WHOLE, Reader
from meshsight.datasets.manifest import read_manifest
from meshsight.datasets.opening import OWN, guess_kind, open_dataset, parse_source, reader_of
from meshsight.records.dataset import Dataset
from meshsight.specs.base import VariantSpec
from meshsight.workflows.format_specs import format_spec

UNIONS = {"trainval": {"train", "val"}}
"""Splits that repeat others, by the customs of Pascal VOC."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How a data set is read.

    Attributes:
        spec: the format and its settings; None guesses the format.
        split: the one split to read; None reads them all.
        classes: the class order to use instead of the data set's own.
    """

    spec: VariantSpec | None = None
    split: str | None = None
    classes: tuple[str, ...] | None = None


GUESSED = Reading()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OpenedParts:
    """An opened data set.

    Attributes:
        path: where it lies, without a split's name.
        kind: its format.
        parts: its splits by name, or all of it as WHOLE; all have the same classes.
        num_scenes: frames of which we know the scene, which no format but our own `generate` keeps.
    """

    path: Path
    kind: str
    parts: Mapping[str, Dataset]
    num_scenes: int


def open_parts(source: str | Path, reading: Reading = GUESSED) -> OpenedParts:
    """Opens every split of a data set, or the one that is asked for.

    Raises:
        DataError: there is nothing that we can read, or the data set is empty.
    """
    path, split = parse_source(source, reading.split)
    if not path.exists():
        raise DataError(f"{path}: no such data set")
    spec = reading.spec or format_spec(guess_kind(path))
    names = () if split is not None else _wanted(_splits(reader_of(spec), path))
    if names:
        parts = _filled({name: reader_of(spec).open(path, name) for name in names}, path)
    else:
        parts = {WHOLE: open_dataset(path, split=split, spec=spec)}
    classes = reading.classes or union(dataset.classes for dataset in parts.values())
    return OpenedParts(
        path=path,
        kind=spec.kind,
        parts={name: with_classes(dataset, classes) for name, dataset in parts.items()},
        num_scenes=count_scenes(path, spec.kind),
    )


def open_whole(source: str | Path, reading: Reading = GUESSED) -> tuple[OpenedParts, Dataset]:
    """Opens a data set that is one set, or one split of it.

    Raises:
        CallError: it has several splits and none is asked for.
    """
    opened = open_parts(source, reading)
    if len(opened.parts) > 1:
        raise CallError(
            f"{source}: has the splits {', '.join(opened.parts)}; name one, as in {source}#{next(iter(opened.parts))}"
        )
    (dataset,) = opened.parts.values()
    return opened, dataset


def union(lists: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """Returns every class name once, in the order in which they come first."""
    return tuple(dict.fromkeys(name for names in lists for name in names))


def _splits(reader: Reader, path: Path) -> tuple[str, ...]:
    try:
        return reader.splits(path)
    except NotADirectoryError as error:
        raise DataError(f"{path}: not a folder (expected {reader.looks_for})") from error


def _wanted(names: tuple[str, ...]) -> tuple[str, ...]:
    doubled = [name for name in names if name in UNIONS and UNIONS[name] <= set(names)]
    for name in doubled:
        log.info("split '%s' repeats %s and is left out", name, " and ".join(sorted(UNIONS[name])))
    return tuple(name for name in names if name not in doubled)


def _filled(parts: dict[str, Dataset], path: Path) -> dict[str, Dataset]:
    for name in [name for name, dataset in parts.items() if dataset.num_samples == 0]:
        log.warning("%s: split '%s' is empty and is left out", path, name)
        del parts[name]
    if not parts:
        raise DataError(f"{path}: the data set is empty")
    return parts


def count_scenes(path: Path, kind: str) -> int:
    """Returns of how many frames of a data set we know the scene, which no format but our own keeps."""
    if kind != OWN:
        return 0
    return sum(shard.num_frames for shard in read_manifest(path).shards if shard.scenes_sha256 is not None)
