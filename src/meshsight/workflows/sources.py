"""Data sets as users name them: `SOURCE`, or `NAME=SOURCE` to call it something in reports."""

from dataclasses import replace
from pathlib import Path

from meshsight.datasets.fetching.cache import is_fetched_source
from meshsight.datasets.opening import open_dataset
from meshsight.records.dataset import Dataset


def open_source(source: str | Path | Dataset) -> Dataset:
    """Opens a data set by the name that a user gives.

    Raises:
        DataError: there is nothing that we can read.
    """
    if isinstance(source, Dataset):
        return source
    name, place = named(str(source))
    if name is None or Path(source).exists():
        return open_dataset(source)
    return replace(open_dataset(place), name=name)


def named(source: str) -> tuple[str | None, str]:
    """Parts `NAME=SOURCE` into the name, or None, and the rest; addresses may hold equal signs of their own."""
    name, separator, place = source.partition("=")
    if not separator or not name or is_fetched_source(name):
        return None, source
    return name, place


def rooted(source: str, root: Path) -> str:
    """Returns a source with its folder found from another folder; addresses stay as they are."""
    name, place = named(source)
    whole = place if is_fetched_source(place) else str((root / place).absolute())
    return whole if name is None else f"{name}={whole}"
