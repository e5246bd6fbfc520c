"""Scenes as JSON: what `scenes/SHARD.jsonl` holds, one scene a line. Reading back gives every number to the last bit.

The field names are those of the records; arrays are nested lists; a background carries its `kind`.
"""

import dataclasses
import types
import typing
from functools import cache
from typing import Any, TypeVar, cast

import numpy as np

from meshsight.core.errors import DataError
from meshsight.records.scene import BackgroundPicture, PlainBackground, Scene

_KINDS: dict[str, type[BackgroundPicture | PlainBackground]] = {"picture": BackgroundPicture, "plain": PlainBackground}
_KIND_OF: dict[type, str] = {record: kind for kind, record in _KINDS.items()}

Record = TypeVar("Record")


def scene_to_json(scene: Scene) -> dict[str, Any]:
    """Returns a scene as plain data that `json` writes."""
    return _plain(scene)


def scene_from_json(data: Any, where: str) -> Scene:
    """Reads a scene from plain data.

    Args:
        data: what `json` read.
        where: the file and line, for messages.

    Raises:
        DataError: a field is missing, unknown or of another type; says which.
    """
    return _read_record(Scene, data, where)


def _plain(value: Any) -> Any:
    if isinstance(value, float | int | str | None):
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        kind = _KIND_OF.get(type(value))
        head = {} if kind is None else {"kind": kind}
        return head | {name: _plain(getattr(value, name)) for name in _names_of(type(value))}
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, tuple):
        return [_plain(item) for item in cast("tuple[Any, ...]", value)]
    return value


@cache
def _names_of(record: type) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(record))


@cache
def _field_types(record: type) -> dict[str, Any]:
    return typing.get_type_hints(record)


def _read_record(record: type[Record], data: Any, where: str) -> Record:
    if not isinstance(data, dict):
        raise DataError(f"{where}: expected an object, found {type(data).__name__}")
    fields, given = _field_types(record), cast("dict[str, Any]", data)
    kind = {"kind"} if record in _KIND_OF else set[str]()
    odd = (given.keys() ^ (fields.keys() | kind)) - (_optional(record) - given.keys())
    if odd:
        words = ", ".join(f"{'unknown' if name in given else 'missing'} '{name}'" for name in sorted(odd))
        raise DataError(f"{where}: not a scene of this version: {words}")
    values = {name: _read(fields[name], given[name], f"{where}.{name}") for name in fields if name in given}
    try:
        return record(**values)
    except ValueError as error:
        raise DataError(f"{where}: {error}") from error


@cache
def _optional(record: type) -> frozenset[str]:
    """Returns the fields with a default: a scene written before they were thought of lacks them, and means that."""
    return frozenset(field.name for field in dataclasses.fields(record) if field.default is not dataclasses.MISSING)


def _read(wanted: Any, data: Any, where: str) -> Any:
    """Reads a value of a type that the scene's records use."""
    if wanted is float:
        return _read_float(data, where)
    if wanted in (int, str, bool):
        return _checked(data, wanted, where)
    if dataclasses.is_dataclass(wanted):
        return _read_record(cast("type[Any]", wanted), data, where)
    if typing.get_origin(wanted) is typing.Literal:
        if data not in typing.get_args(wanted):
            raise DataError(f"{where}: expected {' or '.join(typing.get_args(wanted))}, found {data!r}")
        return data
    if typing.get_origin(wanted) is tuple:
        return _read_tuple(typing.get_args(wanted), data, where)
    if typing.get_origin(wanted) is dict:
        return {key: _checked(value, str, f"{where}.{key}") for key, value in _checked(data, dict, where).items()}
    if typing.get_origin(wanted) in (types.UnionType, typing.Union):
        return _read_union(typing.get_args(wanted), data, where)
    return _read_array(wanted, data, where)


def _read_float(data: Any, where: str) -> float:
    if not isinstance(data, float | int) or isinstance(data, bool):
        raise DataError(f"{where}: expected a number, found {data!r}")
    return float(data)


def _checked(data: Any, wanted: type, where: str) -> Any:
    if type(data) is not wanted:
        raise DataError(f"{where}: expected {wanted.__name__}, found {data!r}")
    return data


def _read_tuple(wanted: tuple[Any, ...], data: Any, where: str) -> tuple[Any, ...]:
    items = _checked(data, list, where)
    if wanted[-1] is Ellipsis:
        wanted = (wanted[0],) * len(items)
    if len(items) != len(wanted):
        raise DataError(f"{where}: expected {len(wanted)} items, found {len(items)}")
    return tuple(_read(kind, item, f"{where}[{k}]") for k, (kind, item) in enumerate(zip(wanted, items, strict=True)))


def _read_union(wanted: tuple[Any, ...], data: Any, where: str) -> Any:
    if data is None and type(None) in wanted:
        return None
    choices = [choice for choice in wanted if choice is not type(None)]
    if len(choices) == 1:
        return _read(choices[0], data, where)
    return _read_background(_checked(data, dict, where), where)


def _read_background(data: dict[str, Any], where: str) -> BackgroundPicture | PlainBackground:
    if data.get("kind") not in _KINDS:
        raise DataError(f"{where}.kind: expected one of {', '.join(_KINDS)}, found {data.get('kind')!r}")
    return _read_record(_KINDS[data["kind"]], data, where)


def _read_array(wanted: Any, data: Any, where: str) -> Any:
    try:
        array = np.array(data, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{where}: expected an array of numbers") from error
    if not isinstance(array, wanted) or not np.isfinite(array).all():
        raise DataError(f"{where}: expected finite numbers of shape ({wanted.dim_str}), found {array.shape}")
    return array
