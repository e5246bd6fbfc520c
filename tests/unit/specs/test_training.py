import pytest
import yaml

from meshsight.core.errors import SpecError
from meshsight.presets.small import recipe, small_training
from meshsight.specs.base import parse_spec
from meshsight.specs.recipe import apply_overrides, dump_recipe
from meshsight.specs.training import TrainSpec, num_steps


def plain() -> dict:
    return small_training().model_dump(mode="json")


def test_recipes_come_back_equal_from_yaml_commented_or_not() -> None:
    for text in (recipe(), dump_recipe(small_training())):
        data = apply_overrides(yaml.safe_load(text), [])
        assert parse_spec(TrainSpec, data, "recipe") == small_training()


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("epochs=3", "give either steps or epochs"),
        ("steps=null", "give either steps or epochs"),
        ("optimiser.kind=adam", "optimiser"),
        ("optimiser.lr=0.1", "optimiser.muon.lr: unknown key 'lr'"),
        ("schedule.kind=triangle", "schedule"),
        ("augmentation.scale=[2, 1]", "expected 0 < low <= high"),
        ("augmentation.hflip=1.5", "augmentation.hflip"),
        ("classes=[a, b, a]", "a name stands twice"),
        ("detector.kind=densse", "did you mean 'dense'"),
        ("input_hw=[16, 320]", r"input_hw\[0\]"),
        ("batchsize=3", "did you mean 'batch_size'"),
    ],
)
def test_mistakes_are_named_with_their_path(override: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        parse_spec(TrainSpec, apply_overrides(plain(), [override]), "train.yaml")


def test_epochs_become_steps_by_the_images_that_a_step_sees() -> None:
    spec = small_training().evolve(steps=None, epochs=12, batch_size=16, accumulate=2)
    assert num_steps(spec, 1600) == 600
    assert num_steps(spec, 1) == 1
    assert num_steps(small_training(), 7) == small_training().steps
