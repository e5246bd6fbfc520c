"""Bytes by path, also where the path leads on into a container file: `shard-000000.tar/000012.jpg`.

Whoever reads images through here reads archives as if they were folders. A kind of container is a file in
`containers/` with `SUFFIXES`, in which 0 stands for any digit, and a `build(path)` that returns its reader.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from meshsight.core.errors import DataError
from meshsight.core.kinds import Kinds

CONTAINER_KINDS = Kinds("meshsight.core.containers", "container")

_DIGIT = re.compile(r"\d")


@runtime_checkable
class Container(Protocol):
    """An opened container; it may be asked from several threads."""

    def names(self) -> tuple[str, ...]:
        """Returns the names of its members, in the order of the file."""
        ...

    def read(self, name: str) -> bytes:
        """Returns a member's bytes.

        Raises:
            KeyError: there is no such member.
            DataError: the file is damaged.
        """
        ...


@runtime_checkable
class RowContainer(Container, Protocol):
    """A container whose members are rows of arrays."""

    def rows(self, key: str, names: Sequence[str]) -> np.ndarray | None:
        """Returns rows of an array as it is stored; None where there is no such array."""
        ...


def read_path(path: Path) -> bytes:
    """Returns the bytes of a file, or of a member of a container that lies on the way.

    Raises:
        FileNotFoundError: there is no such file or member.
        OSError: it cannot be read.
        DataError: the container is damaged, or of a kind that we cannot open.
    """
    try:
        return path.read_bytes()
    except NotADirectoryError:
        file, name = _part(path)
        try:
            return open_container(file).read(name)
        except KeyError as error:
            raise FileNotFoundError(f"no member '{name}' in {file}") from error


def rows_of(folder: Path, names: Sequence[str]) -> np.ndarray | None:
    """Returns rows of an array in a container, undecoded and all at once; None where there is no such array.

    Args:
        folder: path that leads through a container file to an array, such as `patches.h5/X`.
        names: of members, such as `000012.png`.
    """
    if folder.exists() or not any(parent.is_file() for parent in folder.parents):
        return None
    file, key = _part(folder)
    container = open_container(file)
    return container.rows(key, names) if isinstance(container, RowContainer) else None


def open_container(file: Path) -> Container:
    """Opens a container; one that has not changed stays open.

    Raises:
        DataError: it is damaged, or of a kind that we cannot open.
        MissingExtraError: its library is not installed.
    """
    status = file.stat()
    return _open(file, status.st_size, status.st_mtime_ns)


def is_container_name(name: str) -> bool:
    """Tells by its suffix whether a file is a container that we can look into."""
    return _kind_of(name) is not None


@lru_cache(maxsize=64)
def _open(file: Path, size: int, mtime_ns: int) -> Container:
    kind = _kind_of(file.name)
    if kind is None:
        known = ", ".join(sorted(_kind_by_suffix()))
        raise DataError(f"{file}: no folder, and no container that we can look into ({known})")
    return CONTAINER_KINDS.builder(kind)(file)


def _kind_of(name: str) -> str | None:
    plain = _DIGIT.sub("0", name.lower())
    return next((kind for suffix, kind in _kind_by_suffix().items() if plain.endswith(_DIGIT.sub("0", suffix))), None)


@lru_cache(maxsize=1)
def _kind_by_suffix() -> Mapping[str, str]:
    return {suffix: kind for kind in CONTAINER_KINDS.names for suffix in CONTAINER_KINDS.module(kind).SUFFIXES}


def _part(path: Path) -> tuple[Path, str]:
    """Parts a path into the file on its way and the name within it."""
    file = next(parent for parent in path.parents if parent.is_file())
    return file, path.relative_to(file).as_posix()
