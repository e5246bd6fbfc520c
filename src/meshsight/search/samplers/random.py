"""Values drawn at random, each parameter for itself."""

import math
from typing import Literal

import numpy as np

from meshsight.core.rng import stream
from meshsight.search.history import History, Json
from meshsight.search.proposing import Proposal
from meshsight.search.space import choices_of
from meshsight.specs.base import VariantSpec
from meshsight.specs.sweep import ParameterSpec, RangeSpec, SweepSpec


class Spec(VariantSpec):
    """Lists and bundles evenly, ranges evenly or, with `log`, evenly over the orders of magnitude."""

    kind: Literal["random"] = "random"


class RandomSampler:
    """Draws trial *n* from streams keyed by (seed, n, parameter), so any trial can be drawn alone."""

    num_trials = None

    def __init__(self, spec: SweepSpec) -> None:
        self._spec = spec

    def propose(self, number: int, past: History) -> Proposal:
        """Returns a draw; the past has no say."""
        del past
        params = {
            name: _draw(parameter, stream(self._spec.seed, number, f"sweep.{name}"))
            for name, parameter in self._spec.parameters.items()
        }
        return Proposal(params=params)


def _draw(parameter: ParameterSpec, rng: np.random.Generator) -> Json:
    choices = choices_of(parameter)
    if choices is not None:
        return choices[int(rng.integers(len(choices)))]
    assert isinstance(parameter, RangeSpec), "only ranges have values that cannot be counted"
    low, high = float(parameter.low), float(parameter.high)
    if not parameter.log:
        return float(rng.uniform(low, high))
    if parameter.is_integer:  # each integer gets the interval of half a step around it
        low, high = low - 0.5, high + 0.5
    value = math.exp(rng.uniform(math.log(low), math.log(high)))
    value = min(max(value, float(parameter.low)), float(parameter.high))
    return round(value) if parameter.is_integer else value


def build(spec: Spec, sweep: SweepSpec) -> RandomSampler:
    """Returns the sampler."""
    del spec
    return RandomSampler(sweep)
