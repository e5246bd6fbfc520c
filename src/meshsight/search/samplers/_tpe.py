"""Builds the TPE sampler."""

from optuna.samplers import TPESampler

from meshsight.search.optuna_study import OptunaSampler
from meshsight.search.samplers.tpe import Spec
from meshsight.specs.sweep import SweepSpec


def build(spec: Spec, sweep: SweepSpec) -> OptunaSampler:
    """Returns the sampler; trials that still run count as bad, so that parallel ones do not try the same."""

    def make(seed: int) -> TPESampler:
        return TPESampler(seed=seed, n_startup_trials=spec.startup, multivariate=spec.multivariate, constant_liar=True)

    return OptunaSampler(sweep, make)
