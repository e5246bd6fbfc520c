"""Step 4 of the walk: any data set by its path; the kind is guessed from what lies there."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from meshsight.core.errors import CallError, DataError, MissingExtraError
from meshsight.datasets.classes import with_classes
from meshsight.datasets.fetching.cache import find_fetched, is_fetched_source
from meshsight.datasets.format import FORMAT_KINDS, Reader
from meshsight.records.dataset import Dataset
from meshsight.specs.base import VariantSpec

OWN = "meshsight"


def open_dataset(
    source: str | Path,
    *,
    split: str | None = None,
    spec: VariantSpec | None = None,
    classes: Sequence[str] | None = None,
) -> Dataset:
    """Opens a data set of any format.

    Args:
        source: a folder or file, or the address or `fetched:NAME` of a set that was fetched; `PATH#SPLIT` asks for a
            named split (a VOC list such as `test`, the COCO file or subfolder of that name).
        split: the same, given apart.
        spec: the format and its settings; None guesses the format.
        classes: the class order to use instead of the data set's own; it must name every class that the data has.

    Raises:
        DataError: there is nothing there, nothing we can read, or something bad; the message says what was looked for.
    """
    path, split = parse_source(source, split)
    if not path.exists():
        raise DataError(f"{path}: no such data set")
    reader = reader_of(spec) if spec is not None else guess_reader(path)
    dataset = reader.open(path, split)
    if dataset.num_samples == 0:
        raise DataError(f"{path}: the data set is empty")
    return dataset if classes is None else with_classes(dataset, tuple(classes))


def parse_source(source: str | Path, split: str | None = None) -> tuple[Path, str | None]:
    """Parts `PATH#SPLIT` into its path and its split; a set that was fetched is found by its address or name.

    Raises:
        DataError: it names a set that is to be fetched first.
    """
    if is_fetched_source(str(source)):
        name, _, own_split = str(source).partition("#")
        return find_fetched(name), split or own_split or None
    path = Path(source)
    if split is None and not path.exists() and "#" in path.name:
        name, _, split = path.name.rpartition("#")
        return path.with_name(name) if name else path.parent, split or None
    return path, split


def reader_of(spec: VariantSpec) -> Reader:
    """Returns the reader of a format.

    Raises:
        CallError: the format can only be written.
    """
    reader = FORMAT_KINDS.builder(spec.kind)(spec)
    if not isinstance(reader, Reader):
        raise CallError(f"the format '{spec.kind}' can be written, not read")
    return reader


def guess_reader(path: Path) -> Reader:
    """Returns the reader of the kind of data set that lies at a path; see `guess_kind`."""
    return FORMAT_KINDS.builder(kind := guess_kind(path))(FORMAT_KINDS.module(kind).Spec())


def guess_kind(path: Path) -> str:
    """Returns the kind of data set that lies at a path.

    Raises:
        DataError: it is of no kind that we know, or could be of several.
    """
    readers = dict(_default_readers())
    fitting = [kind for kind, reader in readers.items() if reader.recognises(path)]
    if OWN in fitting:  # our folders hold a coco.json too, which knows less
        return OWN
    with_files = [kind for kind in fitting if not getattr(FORMAT_KINDS.module(kind), "LABELS_IN_IMAGES", False)]
    fitting = with_files or fitting  # labels within images went along when the images joined another set
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise DataError(f"{path}: looks like {' and like '.join(fitting)}; say which it is")
    if inner := _inner(path, readers):
        raise DataError(f"{path}: no data set of a kind we know{inner}")
    looked = "".join(f"\n  {kind}: {reader.looks_for}" for kind, reader in readers.items())
    raise DataError(f"{path}: no data set of a kind we know; looked for{looked}")


def _default_readers() -> Iterator[tuple[str, Reader]]:
    """Yields a reader of every kind that can be read with what is installed."""
    for kind in FORMAT_KINDS.names:
        with contextlib.suppress(MissingExtraError):
            reader = FORMAT_KINDS.builder(kind)(FORMAT_KINDS.module(kind).Spec())
            if isinstance(reader, Reader):
                yield kind, reader


def _inner(path: Path, readers: dict[str, Reader]) -> str:
    """Points at a data set one folder further in, where archives often unpack to."""
    folders = sorted(child for child in path.iterdir() if child.is_dir()) if path.is_dir() else []
    found = next((f for f in folders if any(reader.recognises(f) for reader in readers.values())), None)
    return f"; did you mean '{found}'?" if found else ""
