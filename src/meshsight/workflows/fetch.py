"""`meshsight fetch`: the only verb that downloads data, from the address that the user gives."""

from dataclasses import dataclass
from pathlib import Path

from meshsight.datasets.fetching.cache import PREFIX
from meshsight.datasets.fetching.download import WAIT_S
from meshsight.datasets.fetching.fetch import fetch_set
from meshsight.workflows.download_bar import DownloadBar


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
    shown = DownloadBar(url, progress)
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
