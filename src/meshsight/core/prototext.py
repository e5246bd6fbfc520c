"""Protocol buffers as text, read without their definitions: `name: value`, `name { ... }`, lists, comments.

A message remembers what was asked of it, so that a reader of foreign settings can name all that it did not understand.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from meshsight.core.errors import SpecError

Scalar = str | float | bool

TOKEN = re.compile(r"""\s*(?:\#[^\n]*\n\s*)*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[{}<>\[\]:,;]|[^\s{}<>\[\]:,;"'#]+)""")
OPENING = {"{": "}", "<": ">"}
WORDS = {"true": True, "True": True, "false": False, "False": False}


@dataclass(slots=True, eq=False)
class Message:
    """A message's fields in order; one name may stand several times.

    Attributes:
        path: names from the outermost message to this one, with dots between.
        fields: name and value, which is a message or a scalar.
    """

    path: str
    fields: list[tuple[str, "Message | Scalar"]] = field(default_factory=list["tuple[str, Message | Scalar]"])
    _asked: set[str] = field(default_factory=set[str])

    def message(self, name: str) -> "Message":
        """Returns the first message of a name, or an empty one."""
        return next(iter(self.messages(name)), Message(f"{self.path}{name}."))

    def messages(self, name: str) -> "list[Message]":
        """Returns all messages of a name."""
        self._asked.add(name)
        return [value for key, value in self.fields if key == name and isinstance(value, Message)]

    def number(self, name: str, default: float | int) -> float:
        """Returns a number, or the default.

        Raises:
            SpecError: there is something else.
        """
        found = self._last(name, float(default))
        if isinstance(found, bool) or not isinstance(found, float | int):
            raise SpecError(f"{self.path}{name}: expected a number, found {found!r}")
        return float(found)

    def text(self, name: str, default: str = "") -> str:
        """Returns a text or a word, or the default."""
        return str(self._last(name, default))

    def flag(self, name: str, default: bool = False) -> bool:
        """Returns whether a flag is set, or the default."""
        return self._last(name, default) in (True, 1.0)

    def _last(self, name: str, default: Scalar) -> Scalar:
        self._asked.add(name)
        found = [value for key, value in self.fields if key == name and not isinstance(value, Message)]
        return found[-1] if found else default

    def unasked(self) -> Iterator[str]:
        """Yields the path and the value of every field that nobody asked for, each path once."""
        seen: set[str] = set()
        for name, value in self.fields:
            if isinstance(value, Message):
                lines = list(value.unasked()) if name in self._asked else [f"{self.path}{name} {{...}}"]
            else:
                lines = [] if name in self._asked else [f"{self.path}{name}: {value}"]
            yield from (line for line in lines if line not in seen)
            seen.update(lines)


def parse_prototext(text: str, where: str) -> Message:
    """Reads a message.

    Args:
        text: its text.
        where: the file, for messages.

    Raises:
        SpecError: brackets do not match, or a name has no value.
    """
    tokens = _tokens(text, where)
    root = Message("")
    _fill(root, tokens, None, where)
    return root


def _tokens(text: str, where: str) -> Iterator[str]:
    place, stripped = 0, text.rstrip()
    while place < len(stripped):
        found = TOKEN.match(stripped, place)
        if found is None:
            if stripped[place:].lstrip().startswith("#"):
                return
            raise SpecError(f"{where}: no protocol buffer text at {stripped[place : place + 20]!r}")
        place = found.end()
        yield found[1]


def _fill(message: Message, tokens: Iterator[str], closing: str | None, where: str) -> None:
    for token in tokens:
        if token == closing:
            return
        if token in ",;":
            continue
        if token in "{}<>[]:":
            raise SpecError(f"{where}: {message.path or 'the file'}: expected a name, found {token!r}")
        _read_value(message, token, tokens, where)
    if closing is not None:
        raise SpecError(f"{where}: {message.path}: expected {closing!r}, found the end of the file")


def _read_value(message: Message, name: str, tokens: Iterator[str], where: str) -> None:
    token = next(tokens, "")
    token = next(tokens, "") if token == ":" else token
    if token in OPENING:
        inner = Message(f"{message.path}{name}.")
        _fill(inner, tokens, OPENING[token], where)
        message.fields.append((name, inner))
    elif token == "[":
        items = iter(lambda: next(tokens, "]"), "]")
        message.fields += [(name, _scalar(item)) for item in items if item != ","]
    elif token == "" or token in "}>]:,;":
        raise SpecError(f"{where}: {message.path}{name}: expected a value, found {token or 'the end of the file'!r}")
    else:
        message.fields.append((name, _scalar(token)))


def _scalar(token: str) -> Scalar:
    if token[0] in "\"'":
        return token[1:-1]
    if token in WORDS:
        return WORDS[token]
    try:
        return float(token.rstrip("f") if re.fullmatch(r"[-+.\d]+f", token) else token)
    except ValueError:
        return token
