"""Unpacks archives that strangers made: every file lands in the folder given, and links are never made.

A link within a tar becomes a copy of the file that it leads to in the archive; one that leads elsewhere is refused.
"""

import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from io import BufferedIOBase
from lzma import LZMAError
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import NamedTuple, cast

from meshsight.core.errors import DataError, StorageError

CHUNK = 1 << 20


class _Entry(NamedTuple):
    """A file in an archive."""

    name: str
    size: int
    opened: Callable[[], BufferedIOBase | None]


def unpack(file: Path, name: str, folder: Path) -> None:
    """Unpacks an archive into a folder; what is no archive is moved there under its name.

    Args:
        file: zip, tar (plain or compressed by gzip, bzip2 or xz), or anything else.
        name: of the file where it is no archive.
        folder: made if need be.

    Raises:
        DataError: the archive is damaged, or an entry would land outside the folder.
        StorageError: the disk is full.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as archive:
                _unpack(file, _zip_entries(file, archive), folder)
        elif tarfile.is_tarfile(file):
            with tarfile.open(file) as archive:
                _unpack(file, _tar_entries(file, archive), folder)
        else:
            file.replace(folder / name)
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, LZMAError, EOFError) as error:
        raise DataError(f"{file}: a damaged archive ({error})") from error
    except (NotImplementedError, RuntimeError) as error:  # how zipfile says "unknown compression" and "password"
        raise DataError(f"{file}: an archive that cannot be unpacked here ({error})") from error
    except OSError as error:
        raise StorageError(
            f"{folder}: cannot unpack: {error.strerror or error}. Free space, or name another folder in "
            "MESHSIGHT_CACHE."
        ) from error


def _unpack(file: Path, entries: list[_Entry], folder: Path) -> None:
    needed, free = sum(entry.size for entry in entries), shutil.disk_usage(folder).free
    if needed > free:
        raise StorageError(
            f"{folder}: {free >> 20} MB free, {file.name} unpacks to {needed >> 20} MB. Free space, or name another "
            "folder in MESHSIGHT_CACHE."
        )
    for entry in entries:
        target = folder.joinpath(*_parts(file, entry.name))
        source = entry.opened()
        if source is None:
            raise DataError(f"{file}: '{entry.name}' is a link out of the archive, or no file; nothing was kept")
        target.parent.mkdir(parents=True, exist_ok=True)
        with source, target.open("wb") as sink:
            shutil.copyfileobj(source, sink, CHUNK)


def _parts(file: Path, name: str) -> tuple[str, ...]:
    """Returns a name's folders and file.

    Raises:
        DataError: it leads out of the folder.
    """
    path, windows = PurePosixPath(name), PureWindowsPath(name)
    parts = tuple(part for part in path.parts if part != ".")
    is_bad = path.is_absolute() or windows.drive or windows.root or ".." in windows.parts or "\0" in name
    if is_bad or not parts:
        raise DataError(f"{file}: holds '{name}', which would land outside its folder; nothing was kept")
    return parts


def _zip_entries(file: Path, archive: zipfile.ZipFile) -> list[_Entry]:
    found: list[_Entry] = []
    for info in archive.infolist():
        if stat.S_ISLNK(info.external_attr >> 16):
            raise DataError(f"{file}: '{info.filename}' is a link; nothing was kept")
        if not info.is_dir():
            found.append(
                _Entry(info.filename, info.file_size, lambda info=info: cast("BufferedIOBase", archive.open(info)))
            )
    return found


def _in_zip(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> BufferedIOBase:
    return cast("BufferedIOBase", archive.open(info))


def _tar_entries(file: Path, archive: tarfile.TarFile) -> list[_Entry]:
    found: list[_Entry] = []
    for member in archive.getmembers():
        if member.isdir():
            continue
        if not (member.isfile() or member.islnk() or member.issym()):
            raise DataError(f"{file}: '{member.name}' is a device or pipe; nothing was kept")
        found.append(_Entry(member.name, member.size, partial(_in_tar, archive, member)))
    return found


def _in_tar(archive: tarfile.TarFile, member: tarfile.TarInfo) -> BufferedIOBase | None:
    """Opens a member, or the one that it links to; None where that is not in the archive."""
    try:
        return cast("BufferedIOBase | None", archive.extractfile(member))
    except (KeyError, RecursionError):
        return None
