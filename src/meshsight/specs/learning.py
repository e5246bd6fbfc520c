"""The two kinds of training recipe, told apart by what they train."""

from typing import Annotated, Any

from pydantic import Discriminator, Tag

from meshsight.specs.patch_training import PatchTrainSpec
from meshsight.specs.training import TrainSpec

AnyTrainSpec = TrainSpec | PatchTrainSpec


def is_of_patches(recipe: Any) -> bool:
    """Whether a recipe, as plain data or a spec, trains a network for patches: it then has `net`."""
    return isinstance(recipe, PatchTrainSpec) or (isinstance(recipe, dict) and "net" in recipe)


TaggedTrainSpec = Annotated[
    Annotated[TrainSpec, Tag("detector")] | Annotated[PatchTrainSpec, Tag("patches")],
    Discriminator(lambda recipe: "patches" if is_of_patches(recipe) else "detector"),
]
"""A field that holds either recipe."""
