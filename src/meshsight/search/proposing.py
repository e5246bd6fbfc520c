"""What a sampler and a pruner are: functions of a sweep's recipe and past, so that a resumed sweep forgets nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from meshsight.search.history import History, Json, Params
from meshsight.specs.sweep import PRUNER_KINDS, SAMPLER_KINDS, SweepSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a trial tries, and what the sampler notes about it."""

    params: Params
    notes: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a trial ends early, and what the pruner notes about it."""

    is_over: bool
    notes: Mapping[str, Json] = field(default_factory=dict)


@runtime_checkable
class Sampler(Protocol):
    """Chooses what to try."""

    @property
    def num_trials(self) -> int | None:
        """How many there are to try; None for as many as one likes."""
        ...

    def propose(self, number: int, past: History) -> Proposal:
        """Returns what trial `number` tries, given all trials before it; equal pasts give equal answers."""
        ...


@runtime_checkable
class Pruner(Protocol):
    """Says which trials end early."""

    def judge(self, number: int, past: History) -> Verdict:
        """Tells whether a running trial is not worth going on, given all trials, itself among them."""
        ...


def open_sampler(spec: SweepSpec) -> Sampler:
    """Returns the sampler of a sweep.

    Raises:
        MissingExtraError: its library is not installed.
        CallError: it cannot deal with the sweep's parameters.
    """
    return SAMPLER_KINDS.builder(spec.sampler.kind)(spec.sampler, spec)


def open_pruner(spec: SweepSpec) -> Pruner | None:
    """Returns the pruner of a sweep, if it has one.

    Raises:
        MissingExtraError: its library is not installed.
    """
    return None if spec.pruner is None else PRUNER_KINDS.builder(spec.pruner.kind)(spec.pruner, spec)
