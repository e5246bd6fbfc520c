"""Data sets as users name them: `FOLDER`, or `NAME=FOLDER` to call it something in reports."""

from dataclasses import replace
from pathlib import Path

from meshsight.datasets.opening import open_dataset
from meshsight.records.dataset import Dataset


def open_source(source: str | Path | Dataset) -> Dataset:
    """Opens a data set by the name that a user gives.

    Raises:
        DataError: there is nothing that we can read.
    """
    if isinstance(source, Dataset):
        return source
    name, separator, folder = str(source).partition("=")
    if not separator or not name or Path(source).exists():
        return open_dataset(source)
    return replace(open_dataset(folder), name=name)
