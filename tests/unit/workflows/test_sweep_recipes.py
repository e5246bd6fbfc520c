"""The recipes of a sweep's trials: presets, files, bundles; and NaoTH's grid, which is the committed example."""

from pathlib import Path

import pytest

from meshsight.core.errors import SpecError
from meshsight.models.patch.build import build_patch_net
from meshsight.models.patch.spec import PatchSpec
from meshsight.presets.patch import PARAMETERS
from meshsight.search.proposing import open_sampler
from meshsight.specs.base import parse_spec
from meshsight.specs.patch_training import PatchTrainSpec
from meshsight.specs.sweep import SweepSpec
from meshsight.specs.training import TrainSpec
from meshsight.workflows.jobs.run_trial import training_recipe
from meshsight.workflows.recipes import read_sweep_recipe
from meshsight.workflows.sources import rooted
from meshsight.workflows.sweeping.recipes import SweepRecipes

NAOTH = Path(__file__).parents[3] / "examples" / "sweeps" / "naoth.yaml"


def test_naoths_grid_is_64_trainings_of_their_sixteen_nets() -> None:
    spec = read_sweep_recipe(NAOTH)
    recipes, sampler = SweepRecipes(spec, NAOTH.parent), open_sampler(spec)
    recipes.check()
    assert sampler.num_trials == 64
    counts: list[int] = []
    kinds: set[tuple[bool, bool]] = set()
    for number in range(64):
        recipe = training_recipe(recipes.of(sampler.propose(number, ()).params).train, "trial")
        assert isinstance(recipe, PatchTrainSpec) and isinstance(recipe.net, PatchSpec)
        assert (recipe.epochs, recipe.batch_size, recipe.optimiser.learning_rate) == (2000, 128, 1e-4)
        counts.append(build_patch_net(recipe.net).num_parameters)
        is_varied = {recipe.augmentation.flip_vertical, recipe.augmentation.noisy, recipe.augmentation.light} != {0.0}
        assert (recipe.net.penalty is None) == (recipe.net.dropout == 0)
        kinds.add((is_varied, recipe.net.penalty is not None))
    assert sorted(counts) == sorted(4 * list(PARAMETERS.values()))
    assert kinds == {(a, b) for a in (True, False) for b in (True, False)}


def test_presets_files_and_scenes_are_found(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("net: classifier\nsteps: 5\n")
    parameters = {"train.steps": [7], "scene.frames": {"low": 3, "high": 4}}
    scene = {"objects": [{"name": "mug", "mesh": "builtin:mug"}], "renderer": "raycast"}
    spec = parse_spec(SweepSpec, {"train": "mine.yaml", "scene": scene, "parameters": parameters}, "s")
    made = SweepRecipes(spec, tmp_path).of({"train.steps": 7, "scene.frames": 4})
    assert made.train["steps"] == 7 and made.scene is not None and made.scene["frames"] == 4
    small = parse_spec(SweepSpec, {"train": "preset:small", "data": ["d"], "parameters": {"train.seed": [1]}}, "s")
    assert isinstance(training_recipe(SweepRecipes(small, tmp_path).of({"train.seed": 1}).train, "t"), TrainSpec)
    with pytest.raises(SpecError, match=r"preset:smal: no preset of kind 'smal'; did you mean 'small'"):
        SweepRecipes(small.evolve(train="preset:smal"), tmp_path)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a/b.h5", "/recipes/a/b.h5"),
        ("mine=a#val", "mine=/recipes/a#val"),
        ("/abs#x", "/abs#x"),
        ("fetched:balls#train", "fetched:balls#train"),
        ("mine=https://a.org/b.zip?c=d#train", "mine=https://a.org/b.zip?c=d#train"),
        ("https://a.org/b.zip?c=d", "https://a.org/b.zip?c=d"),
    ],
)
def test_data_is_found_from_the_sweeps_own_folder(source: str, expected: str) -> None:
    assert rooted(source, Path("/recipes")) == expected


@pytest.mark.parametrize("train", ["preset:patch/582", "net.yaml"])
def test_a_recipe_that_is_named_is_changed_by_set_as_one_that_is_written_out(train: str, tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text("net: {kind: classifier}\nsteps: 900\noptimiser: {kind: adamw}\n")
    (tmp_path / "s.yaml").write_text(f"train: {train}\ndata: [d]\nparameters: {{train.seed: [1, 2]}}\n")
    assert read_sweep_recipe(tmp_path / "s.yaml").train == train
    spec = read_sweep_recipe(tmp_path / "s.yaml", ["train.optimiser.learning_rate=0.5", "trials=1"])
    made = training_recipe(SweepRecipes(spec, tmp_path).of({"train.seed": 2}).train, "t")
    assert made.optimiser.learning_rate == 0.5 and made.seed == 2 and spec.trials == 1
