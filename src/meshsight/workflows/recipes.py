"""Recipe files as the verbs take them: YAML, `--set`, and the few values that have an option of their own."""

from collections.abc import Sequence
from pathlib import Path

from meshsight.specs.base import parse_spec
from meshsight.specs.learning import AnyTrainSpec, is_of_patches
from meshsight.specs.patch_making import PatchMakeSpec
from meshsight.specs.patch_training import PatchTrainSpec
from meshsight.specs.recipe import apply_overrides, read_plain, read_recipe
from meshsight.specs.scene import SceneSpec
from meshsight.specs.sweep import RECIPES, SweepSpec
from meshsight.specs.training import TrainSpec
from meshsight.workflows.sweeping.named import plain_recipe


def read_scene_recipe(
    path: Path, overrides: Sequence[str] = (), *, frames: int | None = None, seed: int | None = None
) -> SceneSpec:
    """Reads a recipe of scenes.

    Args:
        path: the YAML file.
        overrides: `path.to.field=value`.
        frames: replaces the recipe's number of frames.
        seed: replaces the recipe's seed.

    Raises:
        SpecError: the file is missing, is no YAML, or does not fit the spec.
    """
    given = {"frames": frames, "seed": seed}
    options = [f"{name}={value}" for name, value in given.items() if value is not None]
    return read_recipe(SceneSpec, path, [*overrides, *options])


def read_training_recipe(path: Path, overrides: Sequence[str] = ()) -> AnyTrainSpec:
    """Reads a recipe of a training, of a detector or of a patch network, which has `net` in place of `detector`.

    Raises:
        SpecError: the file is missing, is no YAML, or does not fit the spec.
    """
    is_patches = is_of_patches(read_plain(path))
    return read_recipe(PatchTrainSpec if is_patches else TrainSpec, path, overrides)


def read_sweep_recipe(path: Path, overrides: Sequence[str] = ()) -> SweepSpec:
    """Reads the recipe of a sweep.

    A recipe within it that an override changes is written out, if it is named by a file or a preset.

    Raises:
        SpecError: a file is missing, is no YAML, or does not fit the spec.
    """
    plain = read_plain(path)
    for name in RECIPES:
        is_changed = any(override.startswith(f"{name}.") for override in overrides)
        if is_changed and isinstance(plain, dict) and isinstance(plain.get(name), str):
            plain[name] = plain_recipe(plain[name], path.parent)
    return parse_spec(SweepSpec, apply_overrides(plain, overrides), str(path))


def read_patch_recipe(path: Path | None, overrides: Sequence[str] = ()) -> PatchMakeSpec:
    """Reads a recipe of patches; without a file, the defaults.

    Raises:
        SpecError: the file is missing, is no YAML, or does not fit the spec.
    """
    if path is None:
        return parse_spec(PatchMakeSpec, apply_overrides({}, overrides), "--set")
    return read_recipe(PatchMakeSpec, path, overrides)
