"""Recipes as files: YAML in and out, `--set` overrides, and the version they carry."""

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import yaml

from meshsight.core.errors import SpecError
from meshsight.specs.base import AnySpec, Spec, parse_spec


def read_recipe(spec_type: type[AnySpec], path: Path, overrides: Sequence[str] = ()) -> AnySpec:
    """Reads and validates a YAML (or JSON) recipe, after applying `path.to.field=value` overrides.

    Raises:
        SpecError: the file is missing, is no YAML, or does not fit the spec.
    """
    return parse_spec(spec_type, apply_overrides(read_plain(path), overrides), str(path))


def read_plain(path: Path) -> Any:
    """Reads a YAML (or JSON) recipe as mappings, lists and scalars.

    Raises:
        SpecError: the file is missing or is no YAML.
    """
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SpecError(f"{path}: no such recipe. `meshsight init basic > {path.name}` writes one.") from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SpecError(f"{path}: cannot be read as YAML: {' '.join(str(error).split())}") from error


def apply_overrides(data: Any, overrides: Sequence[str]) -> Any:
    """Returns plain data with each `path.to.field=value` set; values are read as YAML.

    List items are named by their index, as in `objects.0.scale=0.5`. A bare variant name on the way, such as
    `renderer: raster`, is opened into a mapping.

    Raises:
        SpecError: an override has no `=` or its path leads through something that is no mapping or list.
    """
    result: Any = yaml.safe_load(yaml.safe_dump(data, sort_keys=False))
    for override in overrides:
        path, separator, text = override.partition("=")
        if not separator or not path:
            raise SpecError(f"--set {override}: expected path.to.field=value")
        result = _set(result, path.split("."), yaml.safe_load(text), f"--set {override}")
    return result


def apply_settings(data: Any, settings: Mapping[str, Any], where: str) -> Any:
    """Returns plain data with each value of a mapping from `path.to.field` set.

    Raises:
        SpecError: a path leads through something that is no mapping or list.
    """
    result: Any = copy.deepcopy(data)
    for path, value in settings.items():
        result = _set(result, path.split("."), value, f"{where}: {path}")
    return result


def _set(node: Any, path: list[str], value: Any, where: str) -> Any:
    if not path:
        return value
    head, *rest = path
    if node is None:
        node = {}
    if isinstance(node, str):
        node = {"kind": node}
    if isinstance(node, list):
        items = cast("list[Any]", node)
        if not head.isdigit() or int(head) >= len(items):
            raise SpecError(f"{where}: '{head}' is no index of a list of {len(items)}")
        items[int(head)] = _set(items[int(head)], rest, value, where)
    elif isinstance(node, dict):
        fields = cast("dict[str, Any]", node)
        if not rest and head == "kind" and fields.get("kind") != value:
            return {"kind": value}  # the settings of another kind would be refused
        fields[head] = _set(fields.get(head), rest, value, where)
    else:
        raise SpecError(f"{where}: '{head}' lies inside {node!r}, which has no fields")
    return cast("Any", node)


def dump_recipe(spec: Spec) -> str:
    """Returns the fully resolved recipe as YAML; reading it back gives an equal spec."""
    return yaml.safe_dump(spec.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
