"""Files that are either whole or absent: written under a temporary name, then renamed."""

import contextlib
import hashlib
import json
import os
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any

from meshsight.core.errors import StorageError


@contextlib.contextmanager
def _written_whole(path: Path, what: str) -> Generator[Path]:
    """Gives a temporary path that becomes `path` at the end, or vanishes when writing fails."""
    folder, name = path.parent, path.name
    temporary = folder / f".{name}.{os.getpid()}.tmp"
    try:
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise StorageError(
            f"{path}: cannot write {what}: {error.strerror or error}. Free space or name another folder."
        ) from error
    finally:
        with contextlib.suppress(OSError):  # the first error is the one that matters
            temporary.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes) -> None:
    """Writes a file atomically; folders on the way are made.

    Raises:
        StorageError: the disk is full or the place cannot be written; nothing is left behind.
    """
    with _written_whole(path, f"{len(data):,} bytes") as temporary:
        temporary.write_bytes(data)


def write_chunks(path: Path, chunks: Iterable[bytes]) -> None:
    """Writes a file atomically piece by piece, so that it never has to be held in memory.

    Raises:
        StorageError: as for `write_bytes`.
    """
    with _written_whole(path, "it") as temporary, temporary.open("wb") as file:
        file.writelines(chunks)


def write_text(path: Path, text: str) -> None:
    """Writes UTF-8 text atomically, with Unix line ends on every system."""
    write_bytes(path, text.encode("utf-8"))


def dump_json(value: Any) -> str:
    """Returns JSON on one line, in the given key order, with the shortest exact floats."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def write_json(path: Path, value: Any) -> None:
    """Writes indented JSON atomically, ending with a newline."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False) + "\n")


def sha256_of(data: bytes) -> str:
    """Returns the hexadecimal SHA-256 of bytes."""
    return hashlib.sha256(data).hexdigest()


def sha256_of_file(path: Path) -> str:
    """Returns the hexadecimal SHA-256 of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
