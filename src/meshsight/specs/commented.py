"""Recipes that explain themselves: YAML whose comments are the docstrings of the spec's own fields."""

import json
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePath
from typing import cast

import yaml
from pydantic.fields import FieldInfo

from meshsight.specs.base import Slot, Spec
from meshsight.specs.distributions import Bernoulli, Choice, Constant, Linspace, LogUniform, Normal, Uniform

DISTRIBUTIONS = (Constant, Uniform, LogUniform, Normal, Choice, Bernoulli, Linspace)
INDENT = "  "
WIDTH = 110


def dump_commented(spec: Spec, head: str = "") -> str:
    """Returns the whole recipe as YAML with a comment above each field; reading it back gives an equal spec.

    Args:
        spec: the recipe.
        head: what stands at the top, as comment lines.
    """
    lines = [*_comment(head, 0), *([""] if head else []), *_fields(spec, 0)]
    return "\n".join(lines) + "\n"


def _comment(text: str, depth: int) -> Iterator[str]:
    indent = INDENT * depth
    for paragraph in text.strip().splitlines():
        for line in textwrap.wrap(paragraph, WIDTH - len(indent)) or [""]:
            yield f"{indent}# {line}".rstrip()


def _fields(spec: Spec, depth: int) -> Iterator[str]:
    for name, field in type(spec).model_fields.items():
        yield from _comment(_description(name, field), depth)
        yield from _entry(name, getattr(spec, name), depth)


def _description(name: str, field: FieldInfo) -> str:
    text = "" if name == "kind" else " ".join((field.description or "").split())
    slots = [item for item in field.metadata if isinstance(item, Slot)]
    kinds = f"One of: {', '.join(slots[0].kinds.names)}." if slots else ""
    return f"{text} {kinds}".strip()


def _entry(key: str, value: object, depth: int) -> Iterator[str]:
    indent = INDENT * depth
    if not _is_block(value):
        yield f"{indent}{key}: {_flow(value)}"
        return
    yield f"{indent}{key}:"
    if isinstance(value, Spec):
        yield from _fields(value, depth + 1)
    elif isinstance(value, Mapping):
        for inner, item in cast(Mapping[object, object], value).items():
            yield from _entry(_flow(inner), item, depth + 1)
    else:
        yield from _items(cast(Iterable[object], value), depth + 1)


def _items(values: Iterable[object], depth: int) -> Iterator[str]:
    """Yields the items of a list; only the first one is commented."""
    for index, value in enumerate(values):
        yield from (line for line in _item(value, depth) if index == 0 or not _is_comment(line))


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith("#")


def _item(value: object, depth: int) -> Iterator[str]:
    """Yields a list item: a spec's first line that is no comment carries the dash."""
    if not isinstance(value, Spec) or not _is_block(value):
        yield f"{INDENT * depth}- {_flow(value)}"
        return
    has_dash = False
    for line in _fields(value, depth + 1):
        if has_dash or _is_comment(line):
            yield line
        else:
            yield f"{INDENT * depth}- {line.lstrip()}"
            has_dash = True


def _is_block(value: object) -> bool:
    """Tells whether a value takes several lines: a spec that is no distribution, or something that holds one."""
    if isinstance(value, Spec):
        return not isinstance(value, DISTRIBUTIONS) and bool(type(value).model_fields)
    if isinstance(value, Mapping):
        return any(_is_block(item) for item in cast(Mapping[object, object], value).values())
    return isinstance(value, list | tuple) and any(_is_block(item) for item in cast(Iterable[object], value))


def _flow(value: object) -> str:
    if isinstance(value, str) and "\n" in value:
        return json.dumps(value, ensure_ascii=False)
    text = yaml.safe_dump(_plain(value), default_flow_style=True, sort_keys=False, allow_unicode=True, width=10**6)
    return text.removesuffix("\n").removesuffix("\n...")


def _plain(value: object) -> object:
    if isinstance(value, Constant):
        return value.value
    if isinstance(value, Uniform):
        return [value.low, value.high]
    if isinstance(value, Spec):
        return value.model_dump(mode="json")
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in cast(Mapping[object, object], value).items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in cast(Iterable[object], value)]
    return value.as_posix() if isinstance(value, PurePath) else value
