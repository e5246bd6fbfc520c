"""Pickles of numpy arrays and plain containers, read without running anything that they name.

A pickle is a program: it may call any function that it can import. Here every name that it asks for is looked up in the
short table below, whose entries are all our own; numpy's part in unpickling is played by two small classes that check
what they are given. Any other name is refused.
"""

import pickle
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np

from meshsight.core.errors import DataError

_DTYPE = re.compile(r"[<>|=]?([biufSU]\d*|O8?|b1)")
_FAULTS = (
    pickle.UnpicklingError,
    EOFError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    MemoryError,
    RecursionError,
)


def read_pickles(file: Path) -> Iterator[object]:
    """Yields the values of a file of pickles one after the other.

    Values are None, bools, numbers, text, bytes, lists, tuples, dicts, numpy scalars and numpy arrays of numbers
    or text; an array of objects is given as a list.

    Raises:
        DataError: the file is cut off or no pickle, or asks for anything but arrays and plain containers.
    """
    size = file.stat().st_size
    with file.open("rb") as opened:
        while opened.tell() < size:
            start = opened.tell()
            try:
                yield _plain(_ArrayUnpickler(opened, encoding="latin-1").load(), {})
            except _RefusedError as error:
                raise DataError(f"{file}: {error}") from error
            except _FAULTS as error:
                raise DataError(
                    f"{file}: the pickle at byte {start:,} is cut off or damaged ({error or type(error).__name__})"
                ) from error


class _RefusedError(Exception):
    """A pickle asks for something that is not in the table."""


class _Dtype:
    """Stands in for `numpy.dtype` until an array is made."""

    def __init__(self, code: object, align: object = False, copy: object = False) -> None:
        if not isinstance(code, str) or not _DTYPE.fullmatch(code):
            raise pickle.UnpicklingError(f"arrays of type {code!r} are not read")
        self.is_object = "O" in code
        self._code = code.lstrip("<>|=")
        self._order = code[0] if code[0] in "<>" else "="

    def __setstate__(self, state: tuple[object, ...]) -> None:
        if state[1] in ("<", ">"):
            self._order = str(state[1])

    @property
    def numpy(self) -> np.dtype[Any]:
        return np.dtype(self._order + self._code)


class _Array:
    """Stands in for an array that numpy would rebuild in two steps."""

    def __init__(self) -> None:
        self.value: object = None

    def __setstate__(self, state: tuple[object, ...]) -> None:
        _, shape, dtype, is_fortran, data = state
        self.value = _array(data, dtype, shape, "F" if is_fortran else "C")


class _NdarrayType:
    """Stands for the name `numpy.ndarray`; it is handed back to us, never called."""

    def __init__(self) -> None:
        raise pickle.UnpicklingError("an array without data")


def _array(data: object, dtype: object, shape: object, order: object) -> object:
    if not isinstance(dtype, _Dtype) or not isinstance(shape, tuple):
        raise pickle.UnpicklingError("an array without type or shape")
    if dtype.is_object:
        if not isinstance(data, list):
            raise pickle.UnpicklingError("an array of objects that are not listed")
        return cast("list[object]", data)
    raw = data.encode("latin-1") if isinstance(data, str) else data  # Python 2 wrote bytes as text
    if not isinstance(raw, bytes | bytearray):
        raise pickle.UnpicklingError("an array without bytes")
    flat = np.frombuffer(bytes(raw), dtype=dtype.numpy)
    return flat.reshape(cast("tuple[int, ...]", shape), order="F" if order == "F" else "C")


def _new_array(kind: object, shape: object, code: object) -> _Array:
    return _Array()


def _scalar(dtype: object, data: object) -> object:
    value = _array(data, dtype, (), "C")
    if not isinstance(value, np.ndarray):
        raise pickle.UnpicklingError("a number that is none")
    return cast("object", value[()])


def _encode(text: object, encoding: object) -> bytes:
    """Plays `_codecs.encode`, by which older protocols write bytes."""
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise pickle.UnpicklingError(f"text as {encoding!r} is not read")
    return text.encode("latin-1")


def _no_bytes() -> bytes:
    """Plays `bytes()`, by which older protocols write empty bytes."""
    return b""


_ALLOWED: Mapping[tuple[str, str], Callable[..., object]] = {
    ("numpy", "dtype"): _Dtype,
    ("numpy", "ndarray"): _NdarrayType,
    ("_codecs", "encode"): _encode,
    ("builtins", "bytes"): _no_bytes,
    ("__builtin__", "bytes"): _no_bytes,
    **{
        (f"numpy.{core}.{module}", name): stand_in
        for core in ("core", "_core")
        for module, name, stand_in in (
            ("multiarray", "_reconstruct", _new_array),
            ("multiarray", "scalar", _scalar),
            ("numeric", "_frombuffer", _array),
        )
    },
}


class _ArrayUnpickler(pickle.Unpickler):
    def __init__(self, file: BinaryIO, *, encoding: str) -> None:
        super().__init__(file, encoding=encoding)

    def find_class(self, module: str, name: str, /) -> Callable[..., object]:
        if (module, name) not in _ALLOWED:
            raise _RefusedError(
                f"asks for '{module}.{name}'; of a pickle only arrays and plain containers are read, as anything else "
                "could run code"
            )
        return _ALLOWED[module, name]


def _plain(value: object, known: dict[int, object]) -> object:
    """Returns a value with the stand-ins within its containers replaced by what they hold.

    Args:
        value: what the unpickler made.
        known: what each container became, by its id: one that occurs twice is walked once.
    """
    if isinstance(value, _Dtype | type | set | frozenset):
        raise pickle.UnpicklingError("a type or set, where arrays and plain containers are expected")
    if isinstance(value, _Array):
        return _plain(value.value, known)
    key = id(value)
    if key in known:
        return known[key]
    if isinstance(value, list):
        items: list[object] = []
        known[key] = items
        items.extend(_plain(item, known) for item in cast("list[object]", value))
        return items
    if isinstance(value, tuple):
        known[key] = tuple(_plain(item, known) for item in cast("tuple[object, ...]", value))
        return known[key]
    if isinstance(value, dict):
        rows: dict[object, object] = {}
        known[key] = rows
        rows.update((name, _plain(item, known)) for name, item in cast("dict[object, object]", value).items())
        return rows
    return value
