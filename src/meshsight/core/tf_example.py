"""`tf.train.Example` without TensorFlow: named lists of bytes, floats or integers (tensorflow/core/example/*.proto).

    Example  { Features features = 1 }
    Features { map<string, Feature> feature = 1 }         an entry is a message { 1: name, 2: Feature }
    Feature  { BytesList = 1 | FloatList = 2 | Int64List = 3 }, each { repeated value = 1 }, numbers packed

Reading follows protobuf's rules: numbers may also stand unpacked, messages may come in parts, unknown fields are passed
over, and a Feature may be empty.
"""

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
from jaxtyping import Float32, Int64

from meshsight.core.errors import DataError
from meshsight.core.wire import delimited, varint

Floats = Float32[np.ndarray, " _"]
Integers = Int64[np.ndarray, " _"]
Feature = tuple[bytes, ...] | Floats | Integers

_BYTES, _FLOATS, _INTEGERS = 1, 2, 3
_VARINT: Final = 0
_DELIMITED: Final = 2
_FIXED_SIZES: Final = {1: 8, 5: 4}

Field = tuple[int, memoryview | int]


def encode_entries(features: Mapping[str, Feature]) -> bytes:
    """Returns features, sorted by name, as they stand within an Example; such bytes may be joined."""
    entries = (delimited(1, name.encode()) + delimited(2, _feature(features[name])) for name in sorted(features))
    return b"".join(delimited(1, entry) for entry in entries)


def encode_example(entries: bytes) -> bytes:
    """Returns the Example of encoded entries."""
    return delimited(1, entries)


def decode_example(data: bytes, where: str) -> dict[str, Feature]:
    """Reads an Example; an empty Feature reads as ().

    Args:
        data: its bytes.
        where: names it in the message.

    Raises:
        DataError: the bytes are no Example.
    """
    try:
        blocks = _messages(memoryview(data), 1)
        entries = [_fields(entry) for block in blocks for entry in _messages(block, 1)]
        features = dict(_read_entry(fields) for fields in entries)
    except (ValueError, LookupError) as error:
        raise DataError(f"{where}: no tf.train.Example ({error})") from error
    return features


def _feature(feature: Feature) -> bytes:
    if isinstance(feature, tuple):
        return delimited(_BYTES, b"".join(delimited(1, value) for value in feature))
    if feature.dtype == np.float32:
        return delimited(_FLOATS, _packed(feature.astype("<f4").tobytes()))
    return delimited(_INTEGERS, _packed(b"".join(varint(value & (1 << 64) - 1) for value in feature.tolist())))


def _packed(values: bytes) -> bytes:
    return delimited(1, values) if values else b""


def _read_entry(fields: list[Field]) -> tuple[str, Feature]:
    """Reads an entry of the map; what it does not hold is empty."""
    name = b"".join(value for number, value in fields if number == 1 and isinstance(value, memoryview))
    parts = [value for number, value in fields if number == 2 and isinstance(value, memoryview)]
    return name.decode(), _read_feature(parts)


def _read_feature(parts: list[memoryview]) -> Feature:
    """Reads the parts of a Feature; of several kinds of list the last one counts."""
    lists = [(number, value) for part in parts for number, value in _fields(part) if isinstance(value, memoryview)]
    kind = next((number for number, _ in reversed(lists) if number in (_BYTES, _FLOATS, _INTEGERS)), None)
    if kind is None:
        return ()
    values = [value for number, block in lists if number == kind for field, value in _fields(block) if field == 1]
    if kind == _BYTES:
        return tuple(bytes(value) for value in values if isinstance(value, memoryview))
    if kind == _FLOATS:
        floats = [_read_floats(value) for value in values]
        return floats[0] if len(floats) == 1 else np.concatenate([np.zeros(0, np.float32), *floats])
    return np.array([number for value in values for number in _read_integers(value)], np.uint64).astype(np.int64)


def _read_floats(value: memoryview | int) -> Floats:
    packed = value.to_bytes(4, "little") if isinstance(value, int) else value
    return np.frombuffer(packed, "<f4").astype(np.float32)


def _read_integers(value: memoryview | int) -> Iterator[int]:
    if isinstance(value, int):
        yield value
        return
    place = 0
    while place < len(value):
        number, place = _read_varint(value, place)
        yield number


def _messages(data: memoryview, number: int) -> list[memoryview]:
    return [value for field, value in _fields(data) if field == number and isinstance(value, memoryview)]


def _fields(data: memoryview) -> list[Field]:
    """Returns the fields of a message: their numbers, with bytes or an unsigned integer."""
    fields: list[Field] = []
    place = 0
    while place < len(data):
        key, place = _read_varint(data, place)
        wire = key & 7
        if wire == _VARINT:
            value, place = _read_varint(data, place)
            fields.append((key >> 3, value))
            continue
        size, place = _read_varint(data, place) if wire == _DELIMITED else (_FIXED_SIZES[wire], place)
        end = place + size
        if end > len(data):
            raise ValueError(f"a field of {size:,} bytes, of which {len(data) - place:,} are there")
        block = data[place:end]
        fields.append((key >> 3, block if wire == _DELIMITED else int.from_bytes(block, "little")))
        place = end
    return fields


def _read_varint(data: memoryview, place: int) -> tuple[int, int]:
    byte = data[place]
    if byte < 0x80:
        return byte, place + 1
    value, shift = byte & 0x7F, 7
    while byte >= 0x80:
        place += 1
        byte = data[place]
        value |= (byte & 0x7F) << shift
        shift += 7
        if shift > 70:
            raise ValueError("a number longer than 64 bits")
    return value & (1 << 64) - 1, place + 1
