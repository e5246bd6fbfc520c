"""Builds the NSGA-II sampler."""

from optuna.samplers import NSGAIISampler

from meshsight.search.optuna_study import OptunaSampler
from meshsight.search.samplers.nsga2 import Spec
from meshsight.specs.sweep import SweepSpec


def build(spec: Spec, sweep: SweepSpec) -> OptunaSampler:
    """Returns the sampler."""

    def make(seed: int) -> NSGAIISampler:
        return NSGAIISampler(seed=seed, population_size=spec.population)

    return OptunaSampler(sweep, make)
