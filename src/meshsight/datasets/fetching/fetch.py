"""Fetches a data set once: downloaded, checked, unpacked beside its final place, then moved there whole."""

import re
import shutil
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

import filelock

from meshsight.core.errors import CallError, DataError, StorageError
from meshsight.core.files import sha256_of_file, write_json
from meshsight.datasets.fetching.cache import FetchedSet, fetched_home, fetched_sets
from meshsight.datasets.fetching.download import WAIT_S, Progress, check_url, download, forget
from meshsight.datasets.fetching.unpacking import unpack

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,99}")
SHA256 = re.compile(r"[0-9a-f]{64}")
_ARCHIVE = re.compile(r"\.(zip|tar|tgz|tbz2?|txz|tar\.(gz|bz2|xz)|h5|hdf5|pkl)$", re.IGNORECASE)


def fetch_set(
    url: str, name: str | None, sha256: str | None, progress: Progress, wait_s: float = WAIT_S
) -> tuple[FetchedSet, int]:
    """Fetches a data set unless it is there; processes that want the same one wait for each other.

    Args:
        url: of an archive, or of a single file.
        name: what to call it; None takes it from the address.
        sha256: what its checksum must be; None takes the recorded one, or records it on first use.
        progress: told of the download.
        wait_s: before the second attempt after a broken connection.

    Returns:
        The data set, and the bytes that were downloaded: 0 when it was there.

    Raises:
        CallError: the address, the name or the checksum is no such thing, or the name is another set's.
        DataError: there is no such file, its checksum is another, or it cannot be unpacked.
        StorageError: the disk is full.
    """
    url = url.partition("#")[0]  # a split is named where the data set is opened
    check_url(url)
    name = name or name_of(url)
    if NAME.fullmatch(name) is None:
        raise CallError(f"--name {name}: expected letters, digits, '.', '_' and '-', beginning with a letter or digit")
    if sha256 is not None and SHA256.fullmatch(sha256 := sha256.lower()) is None:
        raise CallError(f"--sha256 {sha256}: expected 64 hexadecimal digits")
    try:
        fetched_home().mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"{fetched_home()}: cannot be made: {error.strerror or error}") from error
    with filelock.FileLock(fetched_home() / f"{name}.lock"):
        return _fetch(url, name, sha256, progress, wait_s)


def name_of(url: str) -> str:
    """Returns what a data set is called by its address: its file's name without the ending of an archive."""
    return _ARCHIVE.sub("", _file_name(url)) or "data"


def _file_name(url: str) -> str:
    parts = urlsplit(url)
    name = PurePosixPath(unquote(parts.path)).name or parts.hostname or ""
    return re.sub(r"[^A-Za-z0-9_.\-]", "_", name).lstrip("._-")[:100] or "data"


def _fetch(url: str, name: str, sha256: str | None, progress: Progress, wait_s: float) -> tuple[FetchedSet, int]:
    known = next((one for one in fetched_sets() if one.name == name), None)
    if known is not None and known.url != url:
        raise CallError(f"{name}: is the name of {known.url}; give this one another: --name NAME")
    if known is not None and sha256 is not None and sha256 != known.sha256:
        raise DataError(
            f"{url}: the file that was fetched as '{name}' has the checksum {known.sha256}, not {sha256}. To fetch it "
            f"anew, delete {fetched_home() / name} and {fetched_home() / name}.json"
        )
    if known is not None and known.is_there:
        return known, 0
    part = fetched_home() / f"{name}.part"
    received = download(url, part, progress, wait_s)
    found = FetchedSet(name=name, url=url, sha256=sha256_of_file(part), size=part.stat().st_size)
    expected = sha256 or (None if known is None else known.sha256)
    if expected is not None and found.sha256 != expected:
        forget(part)
        origin = "asked for" if sha256 is not None else "recorded when it was first fetched"
        raise DataError(f"{url}: its checksum is {found.sha256}, not {expected} as {origin}; nothing was kept")
    _settle(part, found)
    write_json(fetched_home() / f"{name}.json", asdict(found))
    forget(part)
    return found, received


def _settle(part: Path, found: FetchedSet) -> None:
    """Unpacks beside the final place, then moves it there whole."""
    staging = fetched_home() / f".{found.name}.unpacking"
    shutil.rmtree(staging, ignore_errors=True)
    try:
        unpack(part, _file_name(found.url), staging)
        staging.replace(found.folder)
    except DataError as error:
        forget(part)
        raise DataError(f"{found.url}: {str(error).removeprefix(f'{part}: ')}") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
