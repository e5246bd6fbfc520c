"""Text in PNG files: read and added without touching the pixels (PNG specification, sections 5 and 11.3.4)."""

import struct
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from meshsight.core.errors import DataError

MAGIC = b"\x89PNG\r\n\x1a\n"
_HEADER_BYTES = 8 + 25


def read_text(data: bytes, path: Path) -> dict[str, str]:
    """Returns the uncompressed text of a PNG file by keyword.

    Raises:
        DataError: the file is cut off or no PNG.
    """
    found: dict[str, str] = {}
    for kind, content in _chunks(data, path):
        keyword, _, rest = content.partition(b"\0")
        if kind == b"tEXt":
            found[keyword.decode("latin-1")] = rest.decode("latin-1")
        elif kind == b"iTXt" and rest[:1] == b"\0":  # not compressed
            found[keyword.decode("latin-1")] = rest[2:].split(b"\0", 2)[2].decode("utf-8", errors="replace")
    return found


def size_of(data: bytes) -> tuple[int, int]:
    """Returns height and width of a PNG file whose chunks are sound."""
    width, height = struct.unpack(">II", data[16:24])
    return height, width


def with_text(data: bytes, text: Mapping[str, str], path: Path) -> bytes:
    """Returns a PNG file with text after its header; text of the same keywords is replaced, the rest is as it was.

    Raises:
        DataError: the file is cut off or no PNG.
    """
    kept = (chunk for chunk in _chunks(data, path) if not _is_text_of(chunk, text))
    header, *others = kept
    added = [_text_chunk(keyword, value) for keyword, value in text.items()]
    return MAGIC + b"".join(_packed(*chunk) for chunk in (header, *added, *others))


def _chunks(data: bytes, path: Path) -> Iterator[tuple[bytes, bytes]]:
    if not data.startswith(MAGIC) or len(data) < _HEADER_BYTES:
        raise DataError(f"{path}: {len(data):,} bytes that are no PNG file")
    place, kind = len(MAGIC), b""
    while kind != b"IEND":
        if place + 12 > len(data):
            raise DataError(f"{path}: cut off after {len(data):,} bytes")
        length, kind = struct.unpack(">I4s", data[place : place + 8])
        content = data[place + 8 : place + 8 + length]
        place += 12 + length
        yield kind, content


def _is_text_of(chunk: tuple[bytes, bytes], text: Mapping[str, str]) -> bool:
    kind, content = chunk
    return kind in (b"tEXt", b"iTXt", b"zTXt") and content.partition(b"\0")[0].decode("latin-1") in text


def _text_chunk(keyword: str, value: str) -> tuple[bytes, bytes]:
    key = keyword.encode("latin-1") + b"\0"
    try:
        return b"tEXt", key + value.encode("latin-1")
    except UnicodeEncodeError:
        return b"iTXt", key + b"\0\0\0\0" + value.encode()


def _packed(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
