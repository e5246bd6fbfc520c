"""A plain folder of photographs, without labels, as a data set without objects."""

import logging
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from meshsight.core.errors import DataError, ImageError
from meshsight.core.images import IMAGE_SUFFIXES, read_size_hw
from meshsight.datasets.foreign import photograph_of
from meshsight.records.dataset import Dataset
from meshsight.records.sample import Sample

log = logging.getLogger(__name__)


def open_photographs(folder: Path) -> Dataset:
    """Opens every readable image below a folder, in the order of their paths; hidden files are left out.

    Raises:
        DataError: there is no image that can be read.
    """
    sizes = dict(_sizes(folder))
    if not sizes:
        raise DataError(f"{folder}: no data set, and no readable image ({', '.join(IMAGE_SUFFIXES)}) in or below it")
    return Dataset(
        root=folder,
        classes=(),
        num_samples=len(sizes),
        samples=partial(_stream, sizes),
        name=folder.resolve().name,
        fingerprint=None,
    )


def _sizes(folder: Path) -> Iterator[tuple[str, tuple[int, int]]]:
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in IMAGE_SUFFIXES or path.name.startswith(".") or not path.is_file():
            continue
        try:
            yield path.relative_to(folder).as_posix(), read_size_hw(path)
        except ImageError as error:
            log.warning("left out: %s", error)


def _stream(sizes: Mapping[str, tuple[int, int]]) -> Iterator[Sample]:
    for frame, (name, size_hw) in enumerate(sizes.items()):
        yield Sample(image=name, size_hw=size_hw, objects=(), frame=frame, group=photograph_of(name))
