"""Fields of protobuf messages as bytes (protobuf.dev, "Encoding"), for the few messages that we write ourselves."""

_VARINT, _DELIMITED = 0, 2


def varint(value: int) -> bytes:
    """Returns an integer, 0 or above, in groups of seven bits, the lowest first."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def varint_field(number: int, value: int) -> bytes:
    """Returns a field that holds an integer, 0 or above."""
    return bytes([number << 3 | _VARINT]) + varint(value)


def delimited(number: int, data: bytes) -> bytes:
    """Returns a field that holds bytes, text or a message."""
    return b"".join([bytes([number << 3 | _DELIMITED]), varint(len(data)), data])
