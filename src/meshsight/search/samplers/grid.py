"""Every combination of the parameters' values, the last one changing fastest."""

from itertools import islice, product
from typing import Literal

from meshsight.core.errors import CallError
from meshsight.search.history import History
from meshsight.search.proposing import Proposal
from meshsight.search.space import choices_of
from meshsight.specs.base import VariantSpec
from meshsight.specs.sweep import SweepSpec


class Spec(VariantSpec):
    """All of them, or the first `trials`."""

    kind: Literal["grid"] = "grid"


class GridSampler:
    """Counts through the combinations."""

    def __init__(self, spec: SweepSpec) -> None:
        self._choices = {name: choices_of(parameter) for name, parameter in spec.parameters.items()}
        endless = [name for name, choices in self._choices.items() if choices is None]
        if endless:
            raise CallError(f"parameters.{endless[0]}: a grid needs a list of values, integers, or a step")

    @property
    def num_trials(self) -> int | None:
        """All combinations."""
        count = 1
        for choices in self._choices.values():
            count *= len(choices or ())
        return count

    def propose(self, number: int, past: History) -> Proposal:
        """Returns a combination by its number; the past has no say."""
        del past
        values = next(islice(product(*(choices or () for choices in self._choices.values())), number, None))
        return Proposal(params=dict(zip(self._choices, values, strict=True)))


def build(spec: Spec, sweep: SweepSpec) -> GridSampler:
    """Returns the sampler.

    Raises:
        CallError: a parameter has endlessly many values.
    """
    del spec
    return GridSampler(sweep)
