"""`meshsight fetch`: the only verb that downloads data, from the address that the user gives."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from tqdm import tqdm

from meshsight.datasets.fetching.cache import PREFIX
from meshsight.datasets.fetching.download import WAIT_S
from meshsight.datasets.fetching.fetch import fetch_set

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchResult:
    """A data set in the cache.

    Attributes:
        source: what other verbs call it.
        path: where it lies.
        url: where it came from.
        sha256: of the file that was fetched.
        size: of that file in bytes.
        received: bytes that this call downloaded; 0 when it was there already.
    """

    source: str
    path: Path
    url: str
    sha256: str
    size: int
    received: int


def fetch(
    url: str, *, name: str | None = None, sha256: str | None = None, progress: bool = True, wait_s: float = WAIT_S
) -> FetchResult:
    """Downloads and unpacks a data set into the cache folder, unless it is there.

    Args:
        url: of a zip or tar archive, or of a single file such as an HDF5.
        name: what to call it; None takes it from the address.
        sha256: what its checksum must be; None takes the recorded one, or records it on first use.
        progress: say how large it is, and show a bar when stderr is a terminal.
        wait_s: before the second attempt after a broken connection; doubled before each further one.

    Raises:
        CallError: the address, the name or the checksum is no such thing, or the name is another set's.
        DataError: there is no such file, its checksum is another, or it cannot be unpacked.
        StorageError: the disk is full.
    """
    shown = _Shown(url, progress)
    try:
        found, received = fetch_set(url, name, sha256, shown.update, wait_s)
    finally:
        shown.close()
    return FetchResult(
        source=f"{PREFIX}{found.name}",
        path=found.path,
        url=found.url,
        sha256=found.sha256,
        size=found.size,
        received=received,
    )


class _Shown:
    """What a person sees of a download: its size first, then a bar."""

    def __init__(self, url: str, is_shown: bool) -> None:
        self._url = url
        self._is_shown = is_shown and log.isEnabledFor(logging.INFO)
        self._bar: tqdm[NoReturn] | None = None

    def update(self, done: int, size: int | None) -> None:
        """Takes in how much is there."""
        if self._bar is None:
            there = f", of which {_megabytes(done)} are there" if done else ""
            log.info("%s: %s%s", self._url, "of unknown size" if size is None else _megabytes(size), there)
            is_off = None if self._is_shown else True
            self._bar = tqdm(
                total=size, initial=done, unit="B", unit_scale=True, desc="fetch", disable=is_off, dynamic_ncols=True
            )
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        """Ends the bar."""
        if self._bar is not None:
            self._bar.close()


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
