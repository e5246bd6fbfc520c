"""Presets that come in several variants: `meshsight init retinanet/r50_2x`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from meshsight.core.errors import CallError
from meshsight.core.kinds import did_you_mean
from meshsight.specs.base import Spec
from meshsight.specs.commented import dump_commented


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One recipe of a family.

    Attributes:
        make: returns the recipe.
        about: what it is, for the head of the printed recipe and for `list`; of trainings with the published AP.
    """

    make: Callable[[], Spec]
    about: str


def print_variant(family: str, variants: Mapping[str, Variant], name: str | None, notes: str) -> str:
    """Returns a variant as commented YAML.

    Args:
        family: the preset's name.
        variants: all of them by name; the first is the usual one.
        name: which; None for the usual one.
        notes: the family's docstring, which comes below the variant's own words.

    Raises:
        CallError: there is no such variant.
    """
    chosen = next(iter(variants)) if name is None else name
    if chosen not in variants:
        hint = did_you_mean(chosen, variants) or f"; there are: {', '.join(variants)}"
        raise CallError(f"preset '{family}' has no variant '{chosen}'{hint}")
    variant = variants[chosen]
    return dump_commented(variant.make(), f"{family}/{chosen}: {variant.about}\n\n{notes.strip()}")
