"""Tar shards as WebDataset has them: `shard-000000.tar`, whose members share a key up to the first dot.

Members carry no time, owner or mode, so equal data gives equal shards.
"""

import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import TypeVar

from meshsight.core.container import read_path
from meshsight.core.errors import ImageError

SHARDS = "shard-*.tar"
END_OF_TAR = bytes(2 * tarfile.BLOCKSIZE)

Item = TypeVar("Item")


def shard_name(index: int) -> str:
    """Returns the name of a shard."""
    return f"shard-{index:06d}.tar"


def has_shards(folder: Path) -> bool:
    """Tells whether a folder holds shards."""
    return next(folder.glob(SHARDS), None) is not None


def first_member(folder: Path) -> str | None:
    """Returns the name of the first member of a folder's first shard; None where there is none to read."""
    shard = min(folder.glob(SHARDS), default=None)
    if shard is None:
        return None
    try:
        with tarfile.open(shard, "r:") as archive:
            member = archive.next()
    except (tarfile.TarError, OSError):
        return None
    return None if member is None else PurePosixPath(member.name).name


def tar_member(name: str, data: bytes) -> Iterator[bytes]:
    """Yields the bytes of one member: header, content, padding."""
    info = tarfile.TarInfo(name)
    info.size = len(data)
    yield info.tobuf(tarfile.PAX_FORMAT)
    yield data
    yield bytes(-len(data) % tarfile.BLOCKSIZE)


def read_image_bytes(path: Path) -> bytes:
    """Reads an image file as it is.

    Raises:
        ImageError: it cannot be read.
    """
    try:
        return read_path(path)
    except OSError as error:
        raise ImageError(f"{path}: cannot be read: {error.strerror or error}") from error


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yields items in lists of a size; the last may be shorter."""
    batch: list[Item] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
