"""NSGA-II: good trials are crossed and mutated, generation by generation; made for several objectives."""

from typing import Literal

from pydantic import Field

from meshsight.specs.base import VariantSpec

EXTRA = "sweep"


class Spec(VariantSpec):
    """Optuna's NSGAIISampler (Deb et al., IEEE TEC 2002)."""

    kind: Literal["nsga2"] = "nsga2"
    population: int = Field(default=16, ge=2)
    """Trials of a generation."""
