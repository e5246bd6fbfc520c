"""The text of a COCO file, walked row by row: no more than one row is ever held as objects.

A COCO file is one JSON object of tables; parsed whole it takes some ten times its size in memory. Here the text stays
as it is, each row is parsed as it passes, and a row that is wanted again is found by where it stands.

Bytes are read as Latin-1, whose characters are the bytes: a place in the text is a place in the file, other alphabets
take no more room, and only rows that hold any of them are decoded again, as UTF-8.
"""

import re
from collections.abc import Callable, Generator, Iterator
from json.decoder import JSONDecodeError, JSONDecoder
from pathlib import Path
from typing import Any, NamedTuple, cast

from pydantic_core import from_json

from meshsight.core.errors import DataError

_BYTE_ORDER_MARK = "\xef\xbb\xbf"
_skip_space = re.compile(r"[ \t\n\r]*").match
# The scanner in C behind `json.loads`, which says where a value ends; the type stubs do not know it.
_scan: Callable[[str, int], tuple[Any, int]] = cast("Any", JSONDecoder()).scan_once


class Row(NamedTuple):
    """A row of a table, or the whole value of a key that is no table.

    Attributes:
        table: the key in the top object.
        number: place in the table; None for a whole value, and for a table itself, which comes before its rows.
        value: what it says, parsed; None for a table itself.
        start, stop: where its text stands.
    """

    table: str
    number: int | None
    value: Any
    start: int
    stop: int

    @property
    def place(self) -> str:
        """Its name in messages, such as `annotations[3]`."""
        return self.table if self.number is None else f"{self.table}[{self.number}]"


class CocoText:
    """A file's text.

    Args:
        file: the COCO file.

    Raises:
        DataError: it cannot be read.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        try:
            self._text = str(file.read_bytes(), "latin-1")
        except OSError as error:
            raise DataError(f"{file}: cannot be read: {error.strerror or error}") from error
        self._is_ascii = self._text.isascii()

    def rows(self, tables: frozenset[str]) -> Iterator[Row]:
        """Walks the file once: yields the named tables with each of their rows, and the values of all other keys whole.

        Raises:
            DataError: the file is no JSON object, or a key of it is there twice.
        """
        start = len(_BYTE_ORDER_MARK) if self._text.startswith(_BYTE_ORDER_MARK) else 0
        at = self._skip(self._expect("{", self._skip(start)))
        seen: set[str] = set()
        while self._text[at : at + 1] != "}":
            at = self._skip(self._expect(",", at)) if seen else at
            key, after = self._parse(at)
            if not isinstance(key, str) or key in seen:
                raise self._fault(f"the key {key!r} is {'there twice' if key in seen else 'no text'}", at)
            seen.add(key)
            at = self._skip(self._expect(":", self._skip(after)))
            at = self._skip((yield from (self._table(key, at) if key in tables else self._value(key, at))))
        end = self._skip(at + 1)
        if end != len(self._text):
            raise self._fault("something stands after the end of the object", end)

    def json(self, start: int, stop: int) -> bytes:
        """Returns the text of a row as it stands in the file."""
        return self._text[start:stop].encode("latin-1")

    def _table(self, key: str, at: int) -> Generator[Row, None, int]:
        text = self._text
        if text[at : at + 1] != "[":
            raise DataError(f"{self.file}: no COCO file: {key}: a list is expected")
        yield Row(key, None, None, at, at)
        at = self._skip(at + 1)
        index = 0
        while text[at : at + 1] != "]":
            at = self._skip(self._expect(",", at)) if index else at
            value, stop = self._parse(at)
            yield Row(key, index, value, at, stop)
            index += 1
            at = self._skip(stop)
        return at + 1

    def _value(self, key: str, at: int) -> Generator[Row, None, int]:
        value, stop = self._parse(at)
        yield Row(key, None, value, at, stop)
        return stop

    def _parse(self, at: int) -> tuple[Any, int]:
        """Returns the value at a place, and the place after it."""
        try:
            value, stop = _scan(self._text, at)
        except JSONDecodeError as error:
            raise self._fault(error.msg, error.pos) from error
        except StopIteration as error:
            raise self._fault("a value is expected", error.value) from error
        except RecursionError as error:
            raise self._fault("lists within lists without end", at) from error
        if self._is_ascii or self._text[at:stop].isascii():
            return value, stop
        try:
            return from_json(self.json(at, stop)), stop
        except ValueError as error:
            raise self._fault(str(error), at) from error

    def _skip(self, at: int) -> int:
        found = _skip_space(self._text, at)
        assert found is not None  # the pattern matches nothing, too
        return found.end()

    def _expect(self, sign: str, at: int) -> int:
        if self._text[at : at + 1] != sign:
            raise self._fault(f"'{sign}' is expected", at)
        return at + 1

    def _fault(self, what: str, at: int) -> DataError:
        line = self._text.count("\n", 0, at) + 1
        return DataError(f"{self.file}: no COCO file: {what}, line {line}, byte {at} of {len(self._text)}")
