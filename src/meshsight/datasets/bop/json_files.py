"""BOP's JSON files: objects by id, one entry a line, so that people can read them and tools can compare them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from meshsight.core.container import read_path
from meshsight.core.errors import DataError
from meshsight.core.files import dump_json, write_text


def read_json(path: Path) -> dict[str, Any]:
    """Reads an object of a JSON file, which may lie in a container.

    Raises:
        DataError: it is missing, damaged or of another shape.
    """
    try:
        content = json.loads(read_path(path))
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file") from error
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: no readable JSON ({error})") from error
    if not isinstance(content, dict):
        raise DataError(f"{path}: expected an object with an entry for each id, found {type(content).__name__}")
    return content


def read_json_if_there(path: Path) -> dict[str, Any] | None:
    """Reads the same, or returns None where there is no such file.

    Raises:
        DataError: it is damaged or of another shape.
    """
    return read_json(path) if path.is_file() else None


def write_json_lines(path: Path, entries: Mapping[int, Any]) -> None:
    """Writes an object with one entry a line, in the order given.

    Raises:
        StorageError: it cannot be written.
    """
    lines = ",\n".join(f'  "{key}": {dump_json(value)}' for key, value in entries.items())
    write_text(path, f"{{\n{lines}\n}}\n")
