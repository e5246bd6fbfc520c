"""What programs read: one result on stdout, as JSON or as a few short lines, and nothing else."""

import contextlib
import dataclasses
import json
import math
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

Plain = None | bool | int | float | str | list[Any] | dict[str, Any]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a verb leaves behind.

    Attributes:
        data: the result: a dataclass, spec or mapping with snake_case keys; printed with `--json`.
        text: the same for people, printed without `--json`; empty prints nothing.
        exit_code: 0, or 1 when the verb ran to its end and the result is bad.
    """

    data: object
    text: str
    exit_code: int = 0


@runtime_checkable
class _Dumpable(Protocol):
    def model_dump(self, *, mode: str) -> dict[str, Any]: ...


@runtime_checkable
class _ArrayLike(Protocol):
    def tolist(self) -> Any: ...


def to_plain(value: object) -> Plain:
    """Turns dataclasses, specs, paths, tuples and arrays into what JSON knows; not-a-number becomes null."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [to_plain(item) for item in value]
    return _object_to_plain(value)


def _object_to_plain(value: object) -> Plain:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, _Dumpable):
        return to_plain(value.model_dump(mode="json"))
    if isinstance(value, _ArrayLike):
        return to_plain(value.tolist())
    raise TypeError(f"a result holds a {type(value).__name__}, which has no JSON form")


def to_json(value: object) -> str:
    """Returns one JSON object on one line."""
    return json.dumps(to_plain(value), ensure_ascii=False, allow_nan=False)


@contextlib.contextmanager
def stdout_kept_clean() -> Iterator[None]:
    """Sends to stderr whatever libraries and child processes write to stdout in the meantime."""
    sys.stdout.flush()
    saved = os.dup(1)
    os.dup2(2, 1)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        os.dup2(saved, 1)
        os.close(saved)
