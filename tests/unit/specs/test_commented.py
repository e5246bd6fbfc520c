"""A commented recipe reads back as the spec that it was written from, and carries the fields' own docstrings."""

from typing import Annotated

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field

from meshsight.specs.base import Spec
from meshsight.specs.commented import dump_commented
from meshsight.specs.distributions import Choice, Constant, Distribution, LogUniform, Normal, Uniform

finite = st.floats(-1e6, 1e6, allow_nan=False)
text = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=12) | st.sampled_from(
    ["yes", "1e3", "a: b", "#x", "- x", "", "null", "a\nb # c", "  lead", "~", "{x}", "0x10"]
)


class Part(Spec):
    """A nested piece."""

    mesh: str = "a"
    """Where the mesh lies."""
    scale: Distribution = Constant(value=1)
    """Factor on its size."""


class Recipe(Spec):
    """A recipe with every kind of field."""

    version: int = 1
    """Version of the recipe."""
    title: str = ""
    parts: tuple[Part, ...] = ()
    """What is drawn."""
    named: dict[str, Part] = Field(default_factory=dict)
    size_hw: tuple[int, int] = (3, 4)
    centre: tuple[Distribution, Distribution] = (Constant(value=0), Constant(value=0))
    tags: tuple[str, ...] = ()
    weights: dict[str, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)
    part: Part = Part()
    nothing: str | None = None


@st.composite
def distributions(draw: st.DrawFn) -> Constant | Uniform | LogUniform | Normal | Choice:
    low, high = sorted((draw(finite), draw(finite)))
    kinds = [
        Constant(value=low),
        Uniform(low=low, high=high),
        LogUniform(low=1e-6 + abs(low), high=1e-6 + abs(low) + abs(high)),
        Normal(low=low, high=high, mean=(low + high) / 2, std=1),
        Choice(values=(low, high)),
    ]
    return draw(st.sampled_from(kinds))


parts = st.builds(Part, mesh=text, scale=distributions())
recipes = st.builds(
    Recipe,
    version=st.integers(0, 9),
    title=text,
    parts=st.lists(parts, max_size=3).map(tuple),
    named=st.dictionaries(text, parts, max_size=2),
    centre=st.tuples(distributions(), distributions()),
    tags=st.lists(text, max_size=3).map(tuple),
    weights=st.dictionaries(text, st.floats(0, 1e9), max_size=2),
    part=parts,
    nothing=st.none() | text,
)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(recipes)
def test_reading_a_commented_recipe_back_gives_an_equal_spec(recipe: Recipe) -> None:
    assert Recipe.model_validate(yaml.safe_load(dump_commented(recipe, head="A recipe\n\nof many lines"))) == recipe


def test_comments_are_the_docstrings_of_the_fields() -> None:
    lines = dump_commented(Recipe(parts=(Part(), Part(mesh="b"))), head="Top").splitlines()
    assert lines[:4] == ["# Top", "", "# Version of the recipe.", "version: 1"]
    parts_at = lines.index("parts:")
    assert lines[parts_at - 1] == "# What is drawn."
    assert lines[parts_at + 1 : parts_at + 7] == [
        "    # Where the mesh lies.",
        "  - mesh: a",
        "    # Factor on its size.",
        "    scale: 1.0",
        "  - mesh: b",
        "    scale: 1.0",
    ]


def test_a_range_is_written_the_short_way() -> None:
    assert "scale: [0.5, 2.0]" in dump_commented(Part(scale=Uniform(low=0.5, high=2)))
