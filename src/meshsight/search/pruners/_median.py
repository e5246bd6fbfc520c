"""Builds the median pruner."""

from optuna.pruners import MedianPruner

from meshsight.search.optuna_study import OptunaPruner
from meshsight.search.pruners.median import Spec
from meshsight.specs.sweep import SweepSpec


def build(spec: Spec, sweep: SweepSpec) -> OptunaPruner:
    """Returns the pruner."""
    return OptunaPruner(sweep, MedianPruner(n_startup_trials=spec.startup, n_warmup_steps=spec.warm_up_steps))
