"""Ends a trial that is worse than the median of the others at the same step."""

from typing import Literal

from pydantic import Field

from meshsight.specs.base import VariantSpec

EXTRA = "sweep"


class Spec(VariantSpec):
    """Optuna's MedianPruner."""

    kind: Literal["median"] = "median"
    startup: int = Field(default=5, ge=0)
    """Trials that run to their end first."""
    warm_up_steps: int = Field(default=0, ge=0)
    """Optimiser steps of a trial before it is judged."""
