import yaml

from meshsight.presets.retinanet import recipe, retinanet, retinanet_training
from meshsight.specs.base import parse_spec
from meshsight.specs.training import TrainSpec


def test_the_recipe_reads_back() -> None:
    assert parse_spec(TrainSpec, yaml.safe_load(recipe()), "recipe") == retinanet_training()


def test_depth_is_the_only_thing_that_changes() -> None:
    deep = retinanet(101).model_dump()
    deep["backbone"]["depth"] = 50
    assert deep == retinanet(50).model_dump()
