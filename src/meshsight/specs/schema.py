"""The published JSON schemas of recipes, by which an editor completes and checks them."""

from pathlib import Path
from typing import Any

from meshsight.core.files import write_json
from meshsight.specs.base import Spec
from meshsight.specs.patch_training import PatchTrainSpec
from meshsight.specs.scene import SceneSpec
from meshsight.specs.sweep import SweepSpec
from meshsight.specs.training import TrainSpec

DIALECT = "https://json-schema.org/draft/2020-12/schema"

RECIPES: dict[str, type[Spec]] = {
    "scene": SceneSpec,
    "training": TrainSpec,
    "patch_training": PatchTrainSpec,
    "sweep": SweepSpec,
}


def make_schema(name: str) -> dict[str, Any]:
    """Returns the JSON schema of a recipe; `docs/schema/NAME.json` is its committed copy."""
    return {"$schema": DIALECT, **RECIPES[name].model_json_schema()}


def write_schemas(folder: Path) -> None:
    """Writes every schema as `NAME.json`, for people and editors to fetch.

    Raises:
        StorageError: the folder cannot be written.
    """
    for name in RECIPES:
        write_json(folder / f"{name}.json", make_schema(name))
