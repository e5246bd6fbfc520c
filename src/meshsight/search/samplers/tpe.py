"""Tree-structured Parzen estimator: what the better trials have in common is tried again, varied; the usual choice."""

from typing import Literal

from pydantic import Field

from meshsight.specs.base import VariantSpec

EXTRA = "sweep"


class Spec(VariantSpec):
    """Optuna's TPESampler (Bergstra et al., NeurIPS 2011)."""

    kind: Literal["tpe"] = "tpe"
    startup: int = Field(default=10, ge=1)
    """Trials drawn at random first."""
    multivariate: bool = True
    """Parameters are seen together instead of each for itself."""
