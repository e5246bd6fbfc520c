"""Settings of other systems: what is known is checked, what is not is said."""

import json
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ConfigDict, ValidationError

from meshsight.core.errors import SpecError

AnySettings = TypeVar("AnySettings", bound="Settings")


class Settings(BaseModel):
    """A source system's settings by its own names; keys that are not listed are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False, use_attribute_docstrings=True)


def check_settings(settings: type[AnySettings], values: object, where: str) -> AnySettings:
    """Checks plain data against a system's settings.

    Raises:
        SpecError: one line for each value that does not fit.
    """
    if not isinstance(values, dict):
        raise SpecError(f"{where}: expected a mapping of names to values, found {type(values).__name__}")
    try:
        return settings.model_validate(values)
    except ValidationError as error:
        lines = (f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors())
        raise SpecError("\n".join(f"{where}: {line}" for line in lines)) from error


def passed_over(settings: type[Settings], values: object, prefix: str = "") -> list[str]:
    """Returns the names of given keys that a system's settings do not list, with their paths."""
    names: list[str] = []
    listed = {field.alias or name: field for name, field in settings.model_fields.items()}
    for key, value in cast("dict[str, Any]", values if isinstance(values, dict) else {}).items():
        field = listed.get(key)
        inner = None if field is None else field.annotation
        if field is None:
            names.append(prefix + key)
        elif isinstance(inner, type) and issubclass(inner, Settings):
            names += passed_over(inner, value, f"{prefix}{key}.")
    return names


def read_json_settings(path: Path) -> object:
    """Reads a JSON file.

    Raises:
        SpecError: no such file, or no JSON in it.
    """
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise SpecError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise SpecError(f"{path}: expected JSON; {error}") from error


def from_file(path: Path, names: list[str], noun: str) -> str:
    """Returns the lines of a recipe's head that say where it came from and what was passed over."""
    lines = f"Made from {path.name}."
    return lines if not names else f"{lines} {noun}: {', '.join(names)}."
