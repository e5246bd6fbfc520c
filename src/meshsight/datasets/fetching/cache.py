"""The data sets that were fetched, by name, in `data/` of the cache folder.

`data/NAME.json` says where a set comes from and what its file's checksum is, and stays when `data/NAME/` is deleted: a
set that is fetched again must be the same. `data/NAME.part` is a download under way, `data/NAME.lock` keeps other
processes waiting.
"""

import contextlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from meshsight.core.cache_folder import cache_folder
from meshsight.core.errors import DataError

PREFIX = "fetched:"


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedSet:
    """A data set that was fetched.

    Attributes:
        name: what to call it: `fetched:NAME`.
        url: where its file came from.
        sha256: of that file.
        size: of that file, in bytes.
    """

    name: str
    url: str
    sha256: str
    size: int

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return fetched_home() / self.name

    @property
    def is_there(self) -> bool:
        """Whether it still lies there."""
        return self.folder.is_dir()

    @property
    def path(self) -> Path:
        """What a data set is opened from: the folder, the only folder in it, or the only file in it."""
        path = self.folder
        while path.is_dir() and len(inner := list(path.iterdir())) == 1:
            path = inner[0]
        is_whole = path.is_dir() or path.suffix.lower() in (".h5", ".hdf5", ".pkl", ".json", ".tar", ".tfrecord")
        return path if is_whole else path.parent


def fetched_home() -> Path:
    """Returns the folder that holds them all."""
    return cache_folder() / "data"


def is_fetched_source(source: str) -> bool:
    """Whether a user names a data set by its address, or by the name under which it was fetched."""
    return source.startswith(PREFIX) or "://" in source.partition("#")[0]


def find_fetched(source: str) -> Path:
    """Returns where a data set lies that was fetched before; this never fetches.

    Args:
        source: its address, or `fetched:NAME`; without a split.

    Raises:
        DataError: it is not there; the message says how to fetch it.
    """
    known = {found.name: found for found in fetched_sets()}
    if source.startswith(PREFIX):
        name = source.removeprefix(PREFIX)
        if name not in known:
            raise DataError(f"{source}: no data set was fetched by that name; there are: {', '.join(known) or 'none'}")
        found = known[name]
    else:
        found = next((one for one in known.values() if one.url == source), None)
    if found is None or not found.is_there:
        url = source if found is None else found.url
        raise DataError(f"{source}: not fetched, and nothing is fetched unasked. Ask for it: meshsight fetch {url}")
    return found.path


def fetched_sets() -> list[FetchedSet]:
    """Returns what was fetched, by name, also what has been deleted since."""
    found: list[FetchedSet] = []
    for path in sorted(fetched_home().glob("*.json")):
        if not path.name.endswith(".part.state.json"):
            with contextlib.suppress(OSError, ValueError, TypeError):
                found.append(FetchedSet(**cast("dict[str, Any]", json.loads(path.read_text(encoding="utf-8")))))
    return found
