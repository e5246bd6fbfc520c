"""Hyperband: trials race in brackets, and only the best of each rung go on."""

from typing import Literal

from pydantic import Field

from meshsight.specs.base import VariantSpec

EXTRA = "sweep"


class Spec(VariantSpec):
    """Optuna's HyperbandPruner (Li et al., JMLR 2018)."""

    kind: Literal["hyperband"] = "hyperband"
    min_steps: int = Field(default=1, ge=1)
    """Optimiser steps that every trial gets."""
    max_steps: int = Field(ge=1)
    """Optimiser steps of a whole run."""
    reduction: int = Field(default=3, ge=2)
    """One of so many goes on at each rung."""
