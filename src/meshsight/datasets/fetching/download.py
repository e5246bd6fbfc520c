"""Downloads one file over HTTP so that nothing which has arrived is fetched twice.

What arrives is appended to a partial file; beside it stands what the server said of the file (its size and validator).
A broken connection, or a killed process, goes on from there with a Range request that the server answers with the rest
only if the file is still the same (RFC 9110, sections 13.1.5 and 14).
"""

import contextlib
import http.client
import json
import logging
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from meshsight.core.errors import CallError, DataError, StorageError
from meshsight.core.files import write_json

CHUNK = 1 << 18
TIMEOUT_S = 30.0
ATTEMPTS = 6
WAIT_S = 1.0
"""Before the second attempt; doubled before each further one."""
RESERVE_BYTES = 16 << 20
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")

Progress = Callable[[int, int | None], None]
"""Told the bytes that are there, and those of the whole file where the server says."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """What is known of a partial file.

    Attributes:
        url: where it comes from.
        size: of the whole file in bytes; None where the server does not say.
        validator: changes when the file changes: its entity tag or date; None where the server gives neither.
    """

    url: str
    size: int | None = None
    validator: str | None = None


class _BrokenError(Exception):
    """The connection ended early; what came is kept."""


def check_url(url: str) -> None:
    """Refuses what is no plain web address.

    Raises:
        CallError: it is none, or holds a password.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise CallError(f"{url}: no address of a file; expected http://... or https://...")
    if parts.username is not None or parts.password is not None:
        raise CallError(f"{parts.hostname}: a name and password in an address end up in files and logs; leave them out")


def download(url: str, part: Path, progress: Progress, wait_s: float = WAIT_S) -> int:
    """Downloads a file, from where an earlier call stopped.

    Args:
        url: of the file.
        part: where to; kept when this fails, with what is known of it in `NAME.state.json` beside.
        progress: told of what has arrived.
        wait_s: before the second attempt after a broken connection.

    Returns:
        The bytes that this call received.

    Raises:
        DataError: there is no such file, or the connection breaks again and again.
        StorageError: the disk is full.
    """
    received = 0
    for attempt in range(ATTEMPTS):
        before = _size(part)
        try:
            _go_on(url, part, progress)
        except _BrokenError as error:
            received += max(0, _size(part) - before)
            if attempt == ATTEMPTS - 1:
                raise DataError(
                    f"{url}: the connection breaks again and again ({error}); {_size(part):,} bytes are kept. Run it "
                    "again to go on."
                ) from error
            log.info("%s; %s bytes are kept, going on", error, f"{_size(part):,}")
            time.sleep(wait_s * 2**attempt)
        else:
            return received + max(0, _size(part) - before)
    raise AssertionError("unreachable")


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _go_on(url: str, part: Path, progress: Progress) -> None:
    state, there = _read_state(url, part), _size(part)
    if there and state.validator is None:
        there = 0  # it may be another file by now
    if there and there == state.size:
        progress(there, state.size)
        return
    headers = {"Accept-Encoding": "identity", "User-Agent": "meshsight"}
    if there and state.validator is not None:
        headers |= {"Range": f"bytes={there}-", "If-Range": state.validator}
    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            _take(url, answer, part, there, progress)
    except urllib.error.HTTPError as error:
        if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
            part.unlink(missing_ok=True)
            raise _BrokenError("the server has another file by now") from error
        if error.code >= http.client.INTERNAL_SERVER_ERROR:
            raise _BrokenError(f"the server says {error.code} {error.reason}") from error
        raise DataError(f"{url}: the server says {error.code} {error.reason}. Check the address.") from error
    except urllib.error.URLError as error:
        raise _BrokenError(f"cannot reach {urlsplit(url).hostname}: {error.reason}") from error
    except (http.client.HTTPException, ConnectionError, TimeoutError) as error:
        raise _BrokenError(f"the connection broke ({type(error).__name__})") from error


def _take(url: str, answer: Any, part: Path, there: int, progress: Progress) -> None:
    start, size = _extent(answer, there)
    validator = answer.headers.get("ETag") or answer.headers.get("Last-Modified")
    if validator is not None and validator.startswith("W/"):
        validator = None  # a weak one does not promise equal bytes
    _check_disk(part, None if size is None else size - start)
    _write_state(part, _State(url=url, size=size, validator=validator))
    done = start
    progress(done, size)
    with _appending(part, start) as file:
        while chunk := answer.read(CHUNK):
            file.write(chunk)
            done += len(chunk)
            progress(done, size)
    if size is not None and done < size:
        raise _BrokenError(f"the connection broke after {done:,} of {size:,} bytes")


def _extent(answer: Any, there: int) -> tuple[int, int | None]:
    """Returns where the answer's bytes begin in the file, and the file's size."""
    if answer.status == http.client.PARTIAL_CONTENT:
        found = _RANGE.match(answer.headers.get("Content-Range", ""))
        if found is None or int(found[1]) != there:
            raise _BrokenError("the server sent another part than the one asked for")
        return there, int(found[2])
    length = answer.headers.get("Content-Length", "")
    return 0, int(length) if length.isdigit() else None


@contextlib.contextmanager
def _appending(part: Path, start: int) -> Any:
    """Opens the partial file where it ends, cut to `start`.

    Raises:
        StorageError: the disk is full; what is there is kept.
    """
    try:
        with part.open("ab") as file:
            if start < _size(part):
                file.truncate(start)
            yield file
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        if isinstance(error, ConnectionError | TimeoutError):
            raise
        raise StorageError(
            f"{part}: cannot write: {error.strerror or error}. What arrived is kept; free space, or name another "
            "folder in MESHSIGHT_CACHE, and run it again."
        ) from error


def _check_disk(part: Path, missing: int | None) -> None:
    stat = os.statvfs(part.parent) if hasattr(os, "statvfs") else None
    if missing is None or stat is None:
        return
    free = stat.f_bavail * stat.f_frsize
    if free < missing + RESERVE_BYTES:
        raise StorageError(
            f"{part.parent}: {free >> 20} MB free, {missing >> 20} MB to fetch. Free space, or name another folder in "
            "MESHSIGHT_CACHE."
        )


def _state_file(part: Path) -> Path:
    return part.with_name(part.name + ".state.json")


def _read_state(url: str, part: Path) -> _State:
    """Returns what is known of the partial file; nothing where it is of another address."""
    with contextlib.suppress(OSError, ValueError, TypeError):
        state = _State(**cast("dict[str, Any]", json.loads(_state_file(part).read_text(encoding="utf-8"))))
        if state.url == url:
            return state
    return _State(url=url)


def _write_state(part: Path, state: _State) -> None:
    write_json(_state_file(part), asdict(state))


def forget(part: Path) -> None:
    """Removes a partial file and what is known of it."""
    for path in (part, _state_file(part)):
        path.unlink(missing_ok=True)
