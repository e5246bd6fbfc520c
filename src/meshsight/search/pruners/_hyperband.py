"""Builds the hyperband pruner."""

from optuna.pruners import HyperbandPruner

from meshsight.search.optuna_study import OptunaPruner
from meshsight.search.pruners.hyperband import Spec
from meshsight.specs.sweep import SweepSpec


def build(spec: Spec, sweep: SweepSpec) -> OptunaPruner:
    """Returns the pruner."""
    inner = HyperbandPruner(min_resource=spec.min_steps, max_resource=spec.max_steps, reduction_factor=spec.reduction)
    return OptunaPruner(sweep, inner)
