"""Settings that someone wrote as Python: read as data, never run.

Understood are assignments at the top level, in a class and to `self` in its methods, of numbers, strings, truth values,
lists, tuples and mappings, of arithmetic, of pi, and of what was assigned before. All else is left out and named.
"""

import ast
import math
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from meshsight.core.errors import SpecError

_BINARY: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_UNARY: dict[type[ast.unaryop], Callable[[float], float]] = {ast.USub: operator.neg, ast.UAdd: operator.pos}
MAX_BYTES = 1 << 20

Value = object


class _Unreadable(Exception):
    """An expression that only running it would tell."""


@dataclass(frozen=True, slots=True)
class PythonSettings:
    """What a file assigns.

    Attributes:
        values: by name, the last assignment.
        unread: what was left out, as "NAME in line N".
    """

    values: dict[str, Value]
    unread: tuple[str, ...]


def read_python_settings(path: Path) -> PythonSettings:
    """Reads a settings file.

    Raises:
        SpecError: no such file, or no Python in it.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise SpecError(f"{path}: cannot be read: {error.strerror}") from error
    if len(text) > MAX_BYTES:
        raise SpecError(f"{path}: expected a settings file of at most {MAX_BYTES >> 20} MiB, found {len(text):,} bytes")
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise SpecError(f"{path}: expected Python assignments such as `seed = 1`; {error}") from error
    known: dict[str, Value] = {}
    unread: list[str] = []
    for name, node, line in _assignments(tree.body):
        try:
            known[name] = _value(node, known)
        except (_Unreadable, ArithmeticError, TypeError, ValueError):
            known.pop(name, None)
            unread.append(f"{name} in line {line}")
    return PythonSettings(values=known, unread=tuple(unread))


def _assignments(body: list[ast.stmt]) -> Iterator[tuple[str, ast.expr, int]]:
    for statement in body:
        if isinstance(statement, ast.ClassDef | ast.FunctionDef):
            yield from _assignments(statement.body)
        elif isinstance(statement, ast.Assign):
            for target in statement.targets:
                yield from _named(target, statement.value, statement.lineno)
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            yield from _named(statement.target, statement.value, statement.lineno)


def _named(target: ast.expr, value: ast.expr, line: int) -> Iterator[tuple[str, ast.expr, int]]:
    if isinstance(target, ast.Name):
        yield target.id, value, line
    elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
        yield target.attr, value, line


def _value(node: ast.expr, known: dict[str, Value]) -> Value:
    match node:
        case ast.Constant(value=bool() | int() | float() | str() | None as value):
            return value
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [_value(item, known) for item in items]
        case ast.Dict(keys=keys, values=values) if None not in keys:
            return {
                str(_value(key, known)): _value(value, known)
                for key, value in zip(keys, values, strict=True)
                if key is not None
            }
        case ast.Name(id="pi") | ast.Attribute(attr="pi"):
            return math.pi
        case ast.Name(id=name) | ast.Attribute(value=ast.Name(), attr=name) if name in known:
            return known[name]
        case ast.UnaryOp(op=sign, operand=operand) if type(sign) in _UNARY:
            return _UNARY[type(sign)](_number(operand, known))
        case ast.BinOp(left=left, op=how, right=right) if type(how) in _BINARY:
            return _BINARY[type(how)](_number(left, known), _number(right, known))
        case _:
            raise _Unreadable


def _number(node: ast.expr, known: dict[str, Value]) -> float:
    value = _value(node, known)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Unreadable
    return value
