"""The recipes that a sweep names: files, presets, or written out in it."""

from pathlib import Path
from typing import Any

import yaml

from meshsight.core.errors import CallError, SpecError
from meshsight.specs.recipe import read_plain
from meshsight.workflows.init import init

PRESET = "preset:"


def plain_recipe(recipe: str | dict[str, Any], root: Path) -> Any:
    """Returns a recipe as plain data.

    Args:
        recipe: a file, `preset:NAME`, or the recipe itself.
        root: folder of the sweep's file, which its paths start from.

    Raises:
        SpecError: there is no such file or preset.
    """
    if isinstance(recipe, dict):
        return recipe
    if recipe.startswith(PRESET):
        try:
            return yaml.safe_load(init(recipe.removeprefix(PRESET)))
        except CallError as error:
            raise SpecError(f"{recipe}: {error}") from error
    return read_plain(root / recipe)
