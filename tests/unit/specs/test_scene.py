from typing import get_args

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from meshsight.assets.builtin.catalogue import list_shapes
from meshsight.assets.procedural.references import list_families
from meshsight.core.errors import SpecError
from meshsight.specs.base import fingerprint, parse_spec
from meshsight.specs.clutter import BUILTIN_SHAPES
from meshsight.specs.commented import dump_commented
from meshsight.specs.mesh_import import MeshImport
from meshsight.specs.pictures import BackgroundFamily, EnvironmentFamily, TextureFamily
from meshsight.specs.recipe import dump_recipe
from meshsight.specs.scene import SceneSpec, classes_of, imports_of
from meshsight.specs.schema import make_schema

MUG = {"name": "mug", "mesh": "builtin:mug"}

numbers = st.floats(0.1, 1.0).map(lambda value: round(value, 3))
amounts = st.one_of(
    numbers,
    st.tuples(numbers, numbers).map(sorted),
    st.builds(lambda v: {"kind": "log_uniform", "low": v, "high": 2 * v}, numbers),
    st.builds(lambda v: {"kind": "choice", "values": [v, 1.0]}, numbers),
)
names = st.text(min_size=1).filter(lambda text: text.isprintable() and text.strip())
recipes = st.fixed_dictionaries(
    {
        "objects": st.lists(
            st.fixed_dictionaries({"name": names, "mesh": st.just("a.glb"), "scale": amounts}),
            min_size=1,
            max_size=3,
            unique_by=lambda entry: entry["name"],
        )
    },
    optional={
        "seed": st.integers(0, 2**62),
        "placement": st.one_of(
            st.just("ground"),
            st.builds(lambda a: {"kind": "frustum", "apparent_size": a}, amounts),
            st.builds(lambda a: {"kind": "ground", "density": None, "radius_m": a}, amounts),
        ),
        "camera": st.one_of(st.just("box"), st.builds(lambda a: {"kind": "shell", "framing": a}, amounts)),
        "environment": st.builds(lambda a: {"strength": a}, amounts),
        "backgrounds": st.just([{"kind": "plain"}, {"kind": "files", "files": ["photos"], "weight": 2.5}]),
        "materials": st.builds(lambda a: {"roughness": a}, amounts),
        "sensor": st.builds(lambda a: {"read_noise": a, "exposure_ev": None}, amounts),
    },
)


@pytest.fixture(scope="module")
def schema():
    return jsonschema.Draft202012Validator(make_schema("scene"))


def parse(**fields):
    return parse_spec(SceneSpec, {"objects": [MUG]} | fields, "scene.yaml")


@settings(max_examples=15)
@given(recipes)
def test_a_recipe_reads_back_from_yaml_and_fits_the_schema(schema, data):
    spec = parse_spec(SceneSpec, data, "test")
    schema.validate(data)
    for text in (dump_recipe(spec), dump_commented(spec)):
        plain = yaml.safe_load(text)
        again = parse_spec(SceneSpec, plain, "test")
        assert again == spec
        assert fingerprint(again) == fingerprint(spec)
        schema.validate(plain)


def test_one_object_is_a_whole_recipe():
    spec = parse()
    assert (spec.placement.kind, spec.camera.kind, spec.renderer.kind) == ("frustum", "shell", "raster")
    assert classes_of(spec) == ("mug",)


def test_classes_follow_the_order_of_first_appearance():
    names = ["b", "a", "b", "c"]
    spec = parse(objects=[{"name": name, "mesh": f"{k}.ply"} for k, name in enumerate(names)])
    assert classes_of(spec) == ("b", "a", "c")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"objects": []}, "scene.yaml: objects: expected at least one entry"),
        ({"objects": [{"name": "mug"}]}, r"objects\[0\].mesh: Field required"),
        ({"objects": [{**MUG, "name": " "}]}, r"objects\[0\].name: expected a class name of printable characters"),
        ({"objects": [{**MUG, "name": "mug\x85"}]}, r"objects\[0\].name: expected a class name"),
        ({"objects": [{**MUG, "scale": [0, 1]}]}, r"objects\[0\].scale: expected values above 0, but 0 can be drawn"),
        (
            {"objects": [MUG, MUG]},
            "objects: entries 0 and 1 are the same mesh 'builtin:mug' of class 'mug'; use `weight`",
        ),
        ({"count": [-1, 2]}, "count: expected values of at least 0, but -1 to 2 can be drawn"),
        ({"count": [1, 3], "allow_repeats": False}, "count: up to 3 objects are asked for, but there are 1"),
        ({"count": [5, 2]}, "count.*: low 5 is above high 2; swap them"),
        ({"placment": "ground"}, "placment: unknown key 'placment'; did you mean 'placement'?"),
        ({"placement": "grond"}, "placement: no placement of kind 'grond'; did you mean 'ground'?"),
        ({"placement": {"kind": "ground", "density": [0.1, 0.9]}}, "placement.density: expected values from 0 to 0.35"),
        ({"placement": {"kind": "ground", "radius_m": 1}}, "placement: give either density or radius_m, and null"),
        ({"placement": {"kind": "frustum", "distance_m": 1}}, "placement: give either apparent_size or distance_m"),
        ({"camera": {"kind": "shell", "distance_m": 1}}, "camera: give either framing or distance_m"),
        (
            {"camera": {"kind": "shell", "elevation_deg": [80, 100]}},
            "camera.elevation_deg: expected values from -90 to 90",
        ),
        ({"renderer": {"kind": "raster", "samples": 3}}, "renderer.samples"),
        ({"materials": {"saturation": 2}}, "materials.saturation: expected values from 0 to 1"),
        (
            {"environment": {"source": {"kind": "procedural", "families": ["skies"]}}},
            r"environment.source.*families\[0\]",
        ),
        (
            {"environment": {"source": {"kind": "procedural", "seeds": [9, 3]}}},
            "seeds: the first seed 9 is above the last",
        ),
        ({"backgrounds": []}, "backgrounds: expected at least one entry"),
        ({"lights": {"suns": {"temperature_k": 500}}}, "lights.suns.temperature_k: expected values from 1667 to 25000"),
        ({"image": {"size_hw": [0, 640]}}, r"image.size_hw\[0\]"),
        ({"version": 2}, "version: "),
    ],
)
def test_what_cannot_be_is_refused_with_its_path(fields, message):
    with pytest.raises(SpecError, match=message) as error:
        parse(**fields)
    assert "\n" not in str(error.value)


def test_imports_are_found_by_reference_and_may_not_contradict():
    spec = parse(
        objects=[MUG, {"name": "a", "mesh": "a.stl", "load": {"unit": "mm"}}], distractors={"meshes": ["b.ply"]}
    )
    assert imports_of(spec) == {
        "builtin:mug": MeshImport(),
        "a.stl": MeshImport(unit="mm"),
        "b.ply": MeshImport(),
    }
    clash = [{"name": "a", "mesh": "a.stl", "load": {"unit": "mm"}}, {"name": "b", "mesh": "a.stl"}]
    with pytest.raises(SpecError, match=r"mesh 'a\.stl' is named twice with different `load` settings"):
        parse(objects=clash)


def test_the_families_and_shapes_of_the_recipe_are_those_that_exist():
    for sort, families in (
        ("texture", TextureFamily),
        ("background", BackgroundFamily),
        ("environment", EnvironmentFamily),
    ):
        assert get_args(families) == list_families(sort)
    assert tuple(shape.removeprefix("builtin:") for shape in BUILTIN_SHAPES) == tuple(list_shapes())


def test_the_schema_refuses_unknown_keys_also_within_variants(schema):
    schema.check_schema(schema.schema)
    assert schema.is_valid({"objects": [MUG], "placement": {"kind": "ground", "density": 0.1}})
    assert not schema.is_valid({"objects": [MUG], "placement": {"kind": "ground", "densty": 0.1}})
