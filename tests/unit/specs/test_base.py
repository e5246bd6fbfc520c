"""Specs: refused with a path, overridden through the same validation, and back from YAML unchanged."""

from pathlib import Path
from typing import Annotated

import pytest

from meshsight.core.errors import SpecError
from meshsight.core.kinds import Kinds
from meshsight.specs.base import Slot, Spec, VariantSpec, fingerprint, parse_spec
from meshsight.specs.distributions import Choice, Constant, Distribution, LogUniform, Normal, Uniform, support
from meshsight.specs.recipe import apply_overrides, dump_recipe, read_recipe

SHAPES = """
from typing import Literal
from meshsight.specs.base import VariantSpec
class Spec(VariantSpec):
    kind: Literal["{kind}"] = "{kind}"
    {field}: int = 1
"""


class Part(Spec):
    size: Distribution = Constant(value=1.0)


@pytest.fixture
def thing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> type[Spec]:
    package = tmp_path / "spec_kinds_for_test"
    package.mkdir()
    (package / "__init__.py").write_text("")
    for kind, field in (("circle", "radius"), ("square", "side")):
        (package / f"{kind}.py").write_text(SHAPES.format(kind=kind, field=field))
    monkeypatch.syspath_prepend(str(tmp_path))

    class Thing(Spec):
        name: str = "x"
        parts: tuple[Part, ...] = (Part(),)
        shape: Annotated[VariantSpec, Slot(Kinds("spec_kinds_for_test", "shape"))]

    return Thing


GOOD = {"shape": "circle"}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"nam": "y", **GOOD}, r"f: nam: unknown key 'nam'; did you mean 'name'\?"),
        ({"parts": [{}, {"sise": 1}], **GOOD}, r"f: parts\[1\]\.sise: unknown key 'sise'; did you mean 'size'"),
        ({"parts": [{"size": [2, 1]}], **GOOD}, r"f: parts\[0\]\.size.*low 2 is above high 1"),
        ({"shape": {"kind": "circle", "radios": 3}}, r"f: shape\.radios: unknown key 'radios'; did you mean 'radius'"),
        ({"shape": {"kind": "circle", "radius": "big"}}, r"f: shape\.radius: .*integer.*found 'big'"),
        ({"shape": "circel"}, r"f: shape: no shape of kind 'circel'; did you mean 'circle'"),
        ({"shape": {"radius": 1}}, r"f: shape: expected a shape: a kind \(circle, square\)"),
        ({}, r"f: shape: Field required"),
        ([1], r"f: expected a mapping"),
    ],
)
def test_mistakes_get_one_line_with_a_path(thing: type[Spec], data: object, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        parse_spec(thing, data, "f")


def test_every_mistake_gets_its_line(thing: type[Spec]) -> None:
    with pytest.raises(SpecError) as caught:
        parse_spec(thing, {"name": 3, "parts": 4, "shape": "x"}, "f")
    assert len(str(caught.value).splitlines()) == 3


def test_yaml_comes_back_equal(thing: type[Spec], tmp_path: Path) -> None:
    spec = parse_spec(thing, {"shape": {"kind": "square", "side": 4}, "parts": [{"size": [1, 2]}]}, "f")
    (tmp_path / "r.yaml").write_text(dump_recipe(spec))
    again = read_recipe(thing, tmp_path / "r.yaml")
    assert again == spec and fingerprint(again) == fingerprint(spec)
    changed = read_recipe(thing, tmp_path / "r.yaml", ["shape.side=5", "parts.0.size=3", "name=é"])
    assert changed.model_dump()["shape"] == {"kind": "square", "side": 5}
    assert fingerprint(changed) != fingerprint(spec)


def test_overrides_can_change_a_kind_and_name_their_mistakes() -> None:
    data = {"a": {"kind": "circle", "radius": 3}, "b": [1, 2], "c": "circle"}
    assert apply_overrides(data, ["a.kind=square"])["a"] == {"kind": "square"}
    assert apply_overrides(data, ["c.radius=2"])["c"] == {"kind": "circle", "radius": 2}
    assert apply_overrides(data, ["d.e=[1, 2]"])["d"] == {"e": [1, 2]}
    assert data["a"] == {"kind": "circle", "radius": 3}
    for bad in ("a", "=3", "b.7=1", "b.0.x=1"):
        with pytest.raises(SpecError, match=r"--set"):
            apply_overrides(data, [bad])


def test_missing_and_broken_files_are_named(thing: type[Spec], tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"absent\.yaml: no such recipe"):
        read_recipe(thing, tmp_path / "absent.yaml")
    (tmp_path / "bad.yaml").write_text("a: [1\nb: 2")
    with pytest.raises(SpecError, match=r"bad\.yaml: cannot be read as YAML"):
        read_recipe(thing, tmp_path / "bad.yaml")


def test_evolve_validates_and_specs_are_frozen() -> None:
    part = Part()
    assert part.evolve(size=[1, 3]).size == Uniform(low=1, high=3)
    with pytest.raises(ValueError, match="low 3 is above"):
        part.evolve(size=[3, 1])
    with pytest.raises(ValueError, match="frozen"):
        part.size = Constant(value=2)  # type: ignore[misc]


def test_distributions_have_shorthands_and_limits() -> None:
    assert Part.model_validate({"size": 2}).size == Constant(value=2)
    assert support(Uniform(low=1, high=2)) == (1, 2)
    assert support(Choice(values=(3, 1, 2))) == (1, 3)
    assert support(Constant(value=4)) == (4, 4)
    for bad in (
        lambda: LogUniform(low=0, high=1),
        lambda: Normal(mean=0, std=1, low=9, high=10),
        lambda: Choice(values=(1, 2), weights=(1,)),
        lambda: Choice(values=(1,), weights=(0,)),
    ):
        with pytest.raises(ValueError):
            bad()


def test_the_schema_lists_every_kind(thing: type[Spec]) -> None:
    schema = thing.model_json_schema()
    assert {"enum": ["circle", "square"]} in schema["properties"]["shape"]["anyOf"]
