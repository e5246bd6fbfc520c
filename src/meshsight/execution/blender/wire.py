"""What travels on the pipe to Blender and back: lines of JSON, each followed by the bytes of its arrays.

A line is `@meshsight ` and a JSON object; its `arrays` lists [name, dtype, shape] in the order of the bytes. Lines
without the mark are what Blender prints by itself. `render/blender/wire.py` is the other end.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO

import numpy as np

from meshsight.execution.messages import JsonObject

MARK = b"@meshsight "

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True, slots=True, eq=False)
class Parcel:
    """One message."""

    message: JsonObject
    arrays: dict[str, np.ndarray]


def pack(message: JsonObject, arrays: Arrays) -> list[bytes | memoryview]:
    """Returns the pieces to write, in order."""
    whole = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    heads = [[name, array.dtype.str, list(array.shape)] for name, array in whole.items()]
    line = MARK + json.dumps({**message, "arrays": heads}, allow_nan=False).encode() + b"\n"
    return [line, *(array.data.cast("B") for array in whole.values() if array.size)]


def read_parcel(stream: IO[bytes]) -> Parcel | None:
    """Waits for the next message; None at the end, also at one in the middle of a message."""
    while line := stream.readline():
        if line.startswith(MARK) and line.endswith(b"\n"):
            return _read_rest(json.loads(line[len(MARK) :]), stream)
    return None


def _read_rest(message: JsonObject, stream: IO[bytes]) -> Parcel | None:
    arrays: dict[str, np.ndarray] = {}
    for name, dtype, shape in message.pop("arrays"):
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        data = stream.read(size)
        if len(data) < size:
            return None
        arrays[name] = np.frombuffer(data, dtype=dtype).reshape(shape)
    return Parcel(message, arrays)
