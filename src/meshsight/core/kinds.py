"""The registry: a variant is a file, and its file name is its `kind`.

A kind lives in a light file `KIND.py`, which holds its `Spec`; its `build` stands in the same file or, where a heavy or
optional library is needed, in `_KIND.py` beside it. Nothing else names the kind: this module finds it by its file name,
and is, with `cli`, the only place that imports by name. Installed packages add kinds through entry points.
"""

import difflib
import importlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from meshsight.core.errors import CallError, MissingExtraError


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """Returns "; did you mean 'x'?" for the nearest choice, or an empty string."""
    near = difflib.get_close_matches(word, list(choices), n=1, cutoff=0.6)
    return f"; did you mean '{near[0]}'?" if near else ""


@dataclass(frozen=True)
class Kinds:
    """All variants of one noun.

    Attributes:
        package: the dotted package whose files are the kinds; also the entry-point group of plug-ins.
        noun: what a variant is called in messages, such as "renderer".
        extra: the optional extra that brings what the kinds' builds import, if any.
        words: names that stand for a kind with settings, so that a recipe can name it in one word.
    """

    package: str
    noun: str
    extra: str | None = None
    words: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]], hash=False)

    @cached_property
    def _files(self) -> tuple[str, ...]:
        found = find_spec(self.package)
        assert found is not None and found.submodule_search_locations is not None, self.package
        folder = Path(next(iter(found.submodule_search_locations)))
        return tuple(sorted(p.stem for p in folder.glob("*.py") if not p.name.startswith("_")))

    @cached_property
    def _plugins(self) -> dict[str, str]:
        points = metadata.entry_points(group=self.package)
        return {point.name: point.value for point in points if point.name not in self._files}

    @property
    def names(self) -> tuple[str, ...]:
        """Every kind that exists, sorted; nothing is imported."""
        return tuple(sorted({*self._files, *self._plugins}))

    def module(self, kind: str) -> ModuleType:
        """Imports the light file of a kind.

        Raises:
            CallError: no such kind.
        """
        if kind in self._files:
            return importlib.import_module(f"{self.package}.{kind}")
        if kind in self._plugins:
            return importlib.import_module(self._plugins[kind])
        hint = did_you_mean(kind, (*self.names, *self.words)) or f"; there are: {', '.join(self.names)}"
        raise CallError(f"no {self.noun} of kind '{kind}'{hint}")

    def builder(self, kind: str) -> Any:
        """Returns the `build` function of a kind.

        Raises:
            CallError: no such kind.
            MissingExtraError: its library is not installed.
        """
        light = self.module(kind)
        if hasattr(light, "build"):
            return light.build
        package, _, name = light.__name__.rpartition(".")
        try:
            return importlib.import_module(f"{package}._{name}").build
        except ModuleNotFoundError as error:
            if error.name is not None and error.name.startswith("meshsight"):
                raise
            extra = getattr(light, "EXTRA", self.extra)
            raise MissingExtraError(
                f"{self.noun} '{kind}' needs the package '{error.name}', which is not installed: "
                f"pip install 'meshsight[{extra}]'"
            ) from error
