"""What a person sees of a sweep: a table of what runs and what leads, or, where none can be, a line for each trial."""

import logging
from collections.abc import Sequence
from typing import NoReturn

from tqdm import tqdm

from meshsight.core.files import dump_json
from meshsight.search.history import Json, Params
from meshsight.search.standing import front_of
from meshsight.specs.sweep import SweepSpec
from meshsight.workflows.sweeping.journal import Trial

LEADERS = 5

log = logging.getLogger(__name__)


class LiveTable:
    """Told whenever something changes; closed at the end."""

    def __init__(self, spec: SweepSpec, num_trials: int, workers: int, is_shown: bool) -> None:
        self._spec = spec
        self._is_talkative = is_shown and log.isEnabledFor(logging.INFO)
        is_off = None if self._is_talkative else True  # None: only on a terminal
        self._bar = tqdm(total=num_trials, unit="trial", desc="sweep", disable=is_off, dynamic_ncols=True, position=0)
        is_drawn = not self._bar.disable
        # Lines of a table are bars without a bar, so that log messages move them along instead of tearing them.
        self._lines: list[tqdm[NoReturn]] = [
            tqdm(bar_format="{desc}", position=1 + row, leave=False) for row in range(workers + LEADERS) if is_drawn
        ]
        self._workers = workers

    def update(self, trials: Sequence[Trial]) -> None:
        """Shows how things stand."""
        ended = sum(trial.past.state != "running" for trial in trials)
        self._bar.update(ended - self._bar.n)
        if not self._lines:
            return
        running = [self._running(trial) for trial in trials if trial.past.state == "running"]
        rows = [*running[: self._workers], *[""] * max(0, self._workers - len(running)), *self._leaders(trials)]
        for line, text in zip(self._lines, [*rows, *[""] * len(self._lines)], strict=False):
            line.set_description_str(text)

    def tell_end(self, trial: Trial, num_ended: int, num_trials: int) -> None:
        """Says what came of a trial, where there is no table."""
        if self._is_talkative and not self._lines:
            log.info("%d of %d: %s", num_ended, num_trials, line_of(self._spec, trial))

    def close(self) -> None:
        """Ends the table."""
        for line in self._lines:
            line.close()
        self._bar.close()

    def _running(self, trial: Trial) -> str:
        reports = trial.past.reports
        state = f"step {max(reports)}: {reports[max(reports)]:.4g}" if reports else "..."
        return f"  runs  trial {trial.past.number:<4} {state:<24} {params_text(trial.past.params)}"

    def _leaders(self, trials: Sequence[Trial]) -> list[str]:
        done = [trial for trial in trials if trial.past.state == "done" and trial.past.values is not None]
        sign = self._spec.objectives[0].sign
        done.sort(key=lambda trial: -sign * trial.past.first_value)
        front = front_of([trial.past for trial in trials], self._spec.objectives)
        return [
            f"  {'best' if trial.past.number in front else '    '}  {line_of(self._spec, trial)}"
            for trial in done[:LEADERS]
        ]


def line_of(spec: SweepSpec, trial: Trial) -> str:
    """Returns a trial in one line."""
    past = trial.past
    if past.state == "failed":
        figures = f"failed: {trial.reason}"
    else:
        names = [objective.metric for objective in spec.objectives]
        known = [(name, trial.metrics[name]) for name in names if name in trial.metrics]
        figures = ", ".join(f"{name} {value:.4g}" for name, value in known)
        figures += "" if past.state == "done" else " (ended early)"
    return f"trial {past.number:<4} {figures}  {params_text(past.params)}"


def params_text(params: Params) -> str:
    """Returns a choice of values, the fields by the last part of their path."""
    return " ".join(f"{name.rpartition('.')[2]}={value_text(value)}" for name, value in params.items())


def value_text(value: Json) -> str:
    """Returns a value as people read it."""
    if isinstance(value, float):
        return f"{value:.4g}"
    return value if isinstance(value, str) else dump_json(value)
