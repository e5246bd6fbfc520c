"""The frame of TFRecord files: records of bytes, each with its length and check sums (tensorflow.org, "TFRecord").

    8 bytes    length of the data, little-endian
    4 bytes    masked CRC-32C of these 8 bytes
    n bytes    data
    4 bytes    masked CRC-32C of the data

A file may be compressed with gzip as a whole.
"""

import gzip
import struct
from collections.abc import Iterator
from io import BufferedIOBase
from pathlib import Path

from meshsight.core.crc32c import crc32c
from meshsight.core.errors import DataError

_LENGTH = struct.Struct("<Q")
_CRC = struct.Struct("<I")
_HEADER = _LENGTH.size + _CRC.size
_MASK = 0xA282EAD8
_GZIP = b"\x1f\x8b"


def framed(data: bytes) -> bytes:
    """Returns a record as it stands in a file."""
    length = _LENGTH.pack(len(data))
    return b"".join([length, _masked_crc(length), data, _masked_crc(data)])


def read_records(path: Path) -> Iterator[bytes]:
    """Streams the records of a file after checking them.

    Raises:
        DataError: the file is missing, cut off or damaged; the message says at which byte.
    """
    with _opened(path) as file:
        offset = 0
        while (length := _length(file, path, offset)) is not None:
            yield _data(file, length, path, offset)
            offset += _HEADER + length + _CRC.size


def read_record(path: Path, offset: int) -> bytes:
    """Reads the record that begins at a byte.

    Raises:
        DataError: it is cut off or damaged.
    """
    with _opened(path) as file:
        file.seek(offset)
        length = _length(file, path, offset)
        return b"" if length is None else _data(file, length, path, offset)


def record_offsets(path: Path) -> Iterator[int]:
    """Finds where the records begin, without reading their data.

    Raises:
        DataError: as for `read_records`, but damage within data is not seen.
    """
    with _opened(path) as file:
        offset = 0
        while (length := _length(file, path, offset)) is not None:
            yield offset
            file.seek(length + _CRC.size - 1, 1)
            if not file.read(1):
                raise _cut_off(path, offset)
            offset += _HEADER + length + _CRC.size


def _masked_crc(data: bytes) -> bytes:
    crc = crc32c(data)
    return _CRC.pack(((crc >> 15 | crc << 17) + _MASK) & 0xFFFFFFFF)


def _opened(path: Path) -> BufferedIOBase:
    try:
        with path.open("rb") as file:
            is_gzip = file.read(len(_GZIP)) == _GZIP and not _begins_plainly(file)
        return gzip.GzipFile(path) if is_gzip else path.open("rb")
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error


def _begins_plainly(file: BufferedIOBase) -> bool:
    """Tells whether a file begins with a sound length, whatever its first bytes look like."""
    file.seek(0)
    header = file.read(_HEADER)
    return _masked_crc(header[: _LENGTH.size]) == header[_LENGTH.size :]


def _length(file: BufferedIOBase, path: Path, offset: int) -> int | None:
    """Reads the head of a record; None at the end of the file."""
    header = _bytes(file, _HEADER, path, offset)
    if not header:
        return None
    if len(header) < _HEADER:
        raise _cut_off(path, offset)
    if _masked_crc(header[: _LENGTH.size]) != header[_LENGTH.size :]:
        raise DataError(f"{path}: no sound TFRecord at byte {offset:,}: the check sum of its length is wrong")
    return _LENGTH.unpack_from(header)[0]


def _data(file: BufferedIOBase, length: int, path: Path, offset: int) -> bytes:
    data, crc = _bytes(file, length, path, offset), _bytes(file, _CRC.size, path, offset)
    if len(data) < length or len(crc) < _CRC.size:
        raise _cut_off(path, offset)
    if _masked_crc(data) != crc:
        raise DataError(f"{path}: the TFRecord at byte {offset:,} is damaged: the check sum of its data is wrong")
    return data


def _bytes(file: BufferedIOBase, count: int, path: Path, offset: int) -> bytes:
    try:
        return file.read(count)
    except EOFError as error:
        raise _cut_off(path, offset) from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read at byte {offset:,}: {error.strerror or error}") from error


def _cut_off(path: Path, offset: int) -> DataError:
    return DataError(f"{path}: cut off within the TFRecord at byte {offset:,}; copy or make the file anew")
