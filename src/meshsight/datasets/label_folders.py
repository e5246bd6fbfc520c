"""What the formats with one small label file an image share: samples that are read when they are asked for."""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from meshsight.core.errors import DataError
from meshsight.core.images import IMAGE_SUFFIXES
from meshsight.datasets.foreign import BoxCheck, ForeignSpec
from meshsight.records.sample import Sample

Page = TypeVar("Page")


def checked_samples(
    pages: Iterable[Page], read: Callable[[int, Page, BoxCheck], Sample], spec: ForeignSpec, source: Path
) -> Callable[[], Iterator[Sample]]:
    """Returns what starts a pass over samples; what was wrong with boxes is said at the end of the first pass.

    Args:
        pages: where each sample lies; gone through anew on each pass.
        read: makes the sample of an index and a page.
        spec: how forgiving to be.
        source: the data set, for messages.
    """
    is_reported = False

    def samples() -> Iterator[Sample]:
        nonlocal is_reported
        check = BoxCheck(spec)
        for index, page in enumerate(pages):
            yield read(index, page, check)
        if not is_reported:
            check.report(source)
            is_reported = True

    return samples


def images_below(folder: Path) -> list[Path]:
    """Returns the image files of a folder and all folders in it, sorted; hidden ones are left out."""
    found: list[str] = []
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [f"{place}{os.sep}{name}" for name in names if is_image(name)]
    return [Path(path) for path in sorted(found)]


def images_by_stem(folder: Path) -> dict[str, str]:
    """Returns the names of the image files in a folder by their stems."""
    names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    return {Path(name).stem: name for name in names if is_image(name)}


def is_image(name: str) -> bool:
    """Tells by its suffix whether a file that is not hidden is an image."""
    return name.lower().endswith(IMAGE_SUFFIXES) and not name.startswith(".")


def read_lines(file: Path) -> list[str]:
    """Returns the lines of a label file without the blank ones at its end.

    Raises:
        DataError: it is missing or no UTF-8 text.
    """
    try:
        return file.read_text(encoding="utf-8-sig").rstrip().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file}: cannot be read as text: {error}") from error
