import yaml

from meshsight.presets.basic import basic, recipe
from meshsight.specs.base import parse_spec
from meshsight.specs.scene import SceneSpec, classes_of


def test_the_printed_recipe_is_the_preset():
    assert parse_spec(SceneSpec, yaml.safe_load(recipe()), "basic") == basic()
    assert classes_of(basic()) == ("mug", "can")


def test_the_printed_recipe_holds_nothing_but_defaults_and_objects():
    data = yaml.safe_load(recipe())
    assert parse_spec(SceneSpec, {"objects": data["objects"]}, "basic") == basic()


def test_every_key_is_explained():
    lines = recipe().splitlines()
    assert sum(line.lstrip().startswith("#") for line in lines) > 60
    for name in SceneSpec.model_fields:
        index = next(i for i, line in enumerate(lines) if line.startswith(f"{name}:"))
        assert lines[index - 1].startswith("# "), name
