"""Optuna, asked afresh each time with all that is known of the trials: it has no study of its own to keep or resume."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from meshsight.core.rng import stream
from meshsight.search.history import History, Json, Past
from meshsight.search.proposing import Proposal, Verdict
from meshsight.search.space import choices_of
from meshsight.specs.sweep import ParameterSpec, RangeSpec, SweepSpec

STATES = {
    "running": TrialState.RUNNING,
    "done": TrialState.COMPLETE,
    "pruned": TrialState.PRUNED,
    "failed": TrialState.FAIL,
}


class Translation:
    """Our parameters and trials in Optuna's words; what has no order is numbered, so that it may be anything."""

    def __init__(self, spec: SweepSpec) -> None:
        self._spec = spec
        self.distributions = {name: _distribution(parameter) for name, parameter in spec.parameters.items()}

    def study(self, past: History, sampler: optuna.samplers.BaseSampler | None) -> optuna.Study:
        """Returns a study in memory that holds all trials."""
        study = optuna.create_study(
            directions=[objective.goal for objective in self._spec.objectives],
            sampler=sampler,
            pruner=optuna.pruners.NopPruner(),
            study_name="sweep",  # hyperband shares trials out by it
        )
        study.add_trials([self.trial(one) for one in past])
        return study

    def trial(self, past: Past) -> FrozenTrial:
        """Returns a trial."""
        return create_trial(
            state=STATES[past.state],
            values=list(past.values) if past.values is not None and past.state == "done" else None,
            params={name: self._code(name, value) for name, value in past.params.items()},
            distributions=self.distributions,
            intermediate_values=dict(past.reports),
            system_attrs=dict(past.notes),
        )

    def value(self, name: str, coded: object) -> Json:
        """Returns one of our values."""
        if isinstance(self.distributions[name], CategoricalDistribution):
            assert isinstance(coded, int)
            return (choices_of(self._spec.parameters[name]) or [])[coded]
        assert isinstance(coded, int | float)
        return coded

    def _code(self, name: str, value: Json) -> Json:
        if isinstance(self.distributions[name], CategoricalDistribution):
            return (choices_of(self._spec.parameters[name]) or []).index(value)
        return value


class OptunaSampler:
    """A sampler of Optuna's, made anew for each trial with a seed of the trial's own."""

    num_trials = None

    def __init__(self, spec: SweepSpec, make: Callable[[int], optuna.samplers.BaseSampler]) -> None:
        self._spec = spec
        self._make = make
        self._words = Translation(spec)

    def propose(self, number: int, past: History) -> Proposal:
        """Returns what the sampler makes of the past."""
        seed = int(stream(self._spec.seed, number, "sweep.sampler").integers(1 << 31))
        with _quiet():
            study = self._words.study(past, self._make(seed))
            asked = study.ask(self._words.distributions)
            found = study.get_trials(deepcopy=False)[asked.number]
        params = {name: self._words.value(name, found.params[name]) for name in self._spec.parameters}
        return Proposal(params=params, notes=dict(found.system_attrs))


class OptunaPruner:
    """A pruner of Optuna's."""

    def __init__(self, spec: SweepSpec, pruner: optuna.pruners.BasePruner) -> None:
        self._pruner = pruner
        self._words = Translation(spec)

    def judge(self, number: int, past: History) -> Verdict:
        """Returns what the pruner makes of a trial among the others."""
        with _quiet():
            study = self._words.study(past, None)
            is_over = bool(self._pruner.prune(study, study.get_trials(deepcopy=False)[number]))
            return Verdict(is_over=is_over, notes=dict(study.get_trials(deepcopy=False)[number].system_attrs))


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps Optuna from telling its own story, and from warning that what we use of it is new."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        yield


def _distribution(parameter: ParameterSpec) -> BaseDistribution:
    if not isinstance(parameter, RangeSpec):
        return CategoricalDistribution(range(len(choices_of(parameter) or ())))
    if parameter.is_integer:
        return IntDistribution(
            int(parameter.low), int(parameter.high), log=parameter.log, step=int(parameter.step or 1)
        )
    return FloatDistribution(parameter.low, parameter.high, log=parameter.log, step=parameter.step)
