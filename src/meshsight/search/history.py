"""What a sweep knows of its trials."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

State = Literal["running", "done", "pruned", "failed"]
Json = Any
"""A value as JSON has it; samplers only compare and hand on."""

Params = Mapping[str, Json]
"""Values by the names of the parameters; of bundles the name of the one taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A trial that was begun.

    Attributes:
        number: from 0, in the order in which trials were begun.
        params: what was tried.
        state: how it stands.
        values: of the objectives; None before the end, and of a trial that failed.
        reports: the first objective's value by optimiser step, on the way.
        notes: what a sampler or pruner wants to find again.
    """

    number: int
    params: Params
    state: State = "running"
    values: tuple[float, ...] | None = None
    reports: Mapping[int, float] = field(default_factory=dict)
    notes: Mapping[str, Json] = field(default_factory=dict)

    @property
    def first_value(self) -> float:
        """Of the first objective; not a number before the end and after a failure."""
        return math.nan if self.values is None else self.values[0]


History = Sequence[Past]
