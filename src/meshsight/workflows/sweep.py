"""`meshsight sweep`: many runs of one recipe with other values, several at a time, until the best is known.

Each trial is an ordinary run in `trials/NUMBER/run`, by a worker process, here or in a cluster. What is tried and what
came of it stands in `journal.jsonl` before anything follows from it, and a trial's result in its folder before the
journal knows it. So a sweep that is killed goes on with every trial that it had begun, from that trial's checkpoint,
and none is lost or run twice.
"""

import json
import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from meshsight.core.errors import CallError, DataError, TrainingError
from meshsight.core.files import dump_json, write_json, write_text
from meshsight.execution.capacity import default_workers
from meshsight.execution.launchers import local
from meshsight.execution.launching import Sharing, open_launcher
from meshsight.execution.messages import Task
from meshsight.execution.ownership import take_over
from meshsight.execution.pool import Asked, Finished, Lost, Pool, PoolSettings, Progressed
from meshsight.execution.termination import sigterm_raises
from meshsight.plotting.page import render_page
from meshsight.search.proposing import Pruner, Sampler, Verdict, open_pruner, open_sampler
from meshsight.search.standing import front_of
from meshsight.specs.base import VariantSpec, parse_spec
from meshsight.specs.recipe import dump_recipe
from meshsight.specs.sweep import SweepSpec
from meshsight.workflows.jobs import run_trial
from meshsight.workflows.jobs.run_trial import RESULT, RUN, Result, training_recipe
from meshsight.workflows.run_log import run_log
from meshsight.workflows.sources import rooted
from meshsight.workflows.sweeping.journal import Journal
from meshsight.workflows.sweeping.live_table import LiveTable
from meshsight.workflows.sweeping.recipes import SweepRecipes, TrialRecipes
from meshsight.workflows.sweeping.report import sweep_page
from meshsight.workflows.sweeping.tracking import SweepTracker
from meshsight.workflows.train import draw_pages
from meshsight.workflows.worker import WORKER_COMMAND

SPEC = "sweep.json"
JOURNAL = "journal.jsonl"
WINNER = "winner.yaml"
REPORT = "report.html"
TRIAL_BYTES = 2 << 30
HERE = local.Spec()

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepOptions:
    """How a sweep is done, none of which belongs to its recipe.

    Attributes:
        is_resumed: go on with the sweep in the folder, if one is there.
        workers: trials at a time; None: one for each core, as far as memory goes, or as many as the cluster has.
        threads: that each may use.
        device: of each: auto, cpu, cuda or cuda:N.
        on: where trials run.
        tracker: where metrics go: a run for the sweep, and one under it for each trial.
        shows_progress: show the table when stderr is a terminal, or a line for each trial when not.
    """

    is_resumed: bool = False
    workers: int | None = None
    threads: int = 1
    device: str = "auto"
    on: VariantSpec = HERE
    tracker: VariantSpec | None = None
    shows_progress: bool = True


DEFAULT_OPTIONS = SweepOptions()


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialSummary:
    """One trial of a finished sweep."""

    number: int
    state: str
    params: dict[str, Any]
    metrics: dict[str, float]
    reason: str
    run: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepResult:
    """A finished sweep.

    Attributes:
        folder: where it is.
        trials: all of them, in the order in which they began.
        winner: number of the best one by the first objective.
        front: numbers of those that no other beats in all objectives, the winner first.
        recipe: the winner's, as a file.
        report: the page.
        seconds: how long this call took.
    """

    folder: Path
    trials: tuple[TrialSummary, ...]
    winner: int
    front: tuple[int, ...]
    recipe: Path
    report: Path
    seconds: float


def sweep(spec: SweepSpec, *, root: Path, out: Path, options: SweepOptions = DEFAULT_OPTIONS) -> SweepResult:
    """Runs the trials of a sweep.

    Args:
        spec: the sweep.
        root: folder of its file, which its paths start from.
        out: the sweep's folder.
        options: resuming, workers, place, tracking.

    Raises:
        CallError: the folder holds another sweep, or one that is not to be resumed, or an option is wrong.
        SpecError: a recipe or a parameter is wrong.
        TrainingError: not one trial came to an end.
        StorageError: the disk is full; `is_resumed` goes on.
        ExecutionError: workers cannot start, or a place to run cannot be used.
    """
    started = time.monotonic()
    recipes = SweepRecipes(spec, root)
    recipes.check()
    sampler = open_sampler(spec)
    num_trials = _num_trials(spec, sampler)
    _begin(spec, out, options.is_resumed)
    journal = Journal(out / JOURNAL)
    with run_log(out / "sweep.log"), sigterm_raises():
        course = _Course(spec, root, out, journal, recipes)
        course.run(sampler, num_trials, options)
        return _finish(course, time.monotonic() - started)


def _num_trials(spec: SweepSpec, sampler: Sampler) -> int:
    if sampler.num_trials is not None:
        return min(spec.trials or sampler.num_trials, sampler.num_trials)
    if spec.trials is None:
        raise CallError(
            f"trials: sampler '{spec.sampler.kind}' has no end of its own; say how many, such as trials: 50"
        )
    return spec.trials


def _begin(spec: SweepSpec, out: Path, is_resumed: bool) -> None:
    """Makes the folder ours."""
    path, plain = out / SPEC, spec.model_dump(mode="json")
    if not path.exists():
        if out.exists() and any(entry.name != "owner.json" for entry in out.iterdir()):
            raise CallError(f"{out}: not empty, and no sweep; name another folder")
        take_over(out / "owner.json", out, "sweeping in")
        write_json(path, plain)
        return
    if not is_resumed:
        raise CallError(f"{out}: holds a sweep already. Go on with --resume, or name another folder.")
    before = _read_spec(path)
    if _identity(before) != _identity(spec):
        raise CallError(f"{out}: holds another sweep ({SPEC} differs in more than `trials`). Name another folder.")
    take_over(out / "owner.json", out, "sweeping in")
    write_json(path, plain)


def _read_spec(path: Path) -> SweepSpec:
    try:
        return parse_spec(SweepSpec, json.loads(path.read_bytes()), str(path))
    except ValueError as error:
        raise DataError(f"{path}: damaged ({error}); restore it from a copy") from error


def _identity(spec: SweepSpec) -> str:
    """What may not change in a sweep that goes on; the order of the parameters is that of a grid's trials."""
    return dump_json(spec.model_copy(update={"trials": None}).model_dump(mode="json"))


class _Course:
    """A sweep under way."""

    def __init__(self, spec: SweepSpec, root: Path, out: Path, journal: Journal, recipes: SweepRecipes) -> None:
        self.spec = spec
        self.out = out
        self.journal = journal
        self._root = root
        self._recipes = recipes
        self._pruner: Pruner | None = open_pruner(spec)
        self._num_trials = 0

    def folder(self, number: int) -> Path:
        """Where a trial is."""
        return self.out.absolute() / "trials" / f"{number:05d}"

    def recipe_of(self, number: int) -> TrialRecipes:
        """The recipes of a trial."""
        return self._recipes.of(self.journal.trials[number].past.params)

    def run(self, sampler: Sampler, num_trials: int, options: SweepOptions) -> None:
        """Runs what is still to be run."""
        self._num_trials = num_trials
        for number in self.journal.unfinished:
            self._take_result(number)
        if len(self.journal.trials) >= num_trials and not self.journal.unfinished:
            log.info("%s: all %d trials are there", self.out, len(self.journal.trials))
            return
        (self.out / "trials").mkdir(exist_ok=True)
        sharing = Sharing(folders=(self.out.absolute(), self._root.absolute()), notes=self.out.absolute() / "trials")
        launcher = open_launcher(options.on, sharing)
        workers = options.workers or launcher.default_workers or default_workers(TRIAL_BYTES)
        if workers < 1:
            raise CallError(f"workers: expected at least 1, found {workers}")
        tracker = SweepTracker(options.tracker, self.spec, self.out)
        settings = PoolSettings(workers=workers, threads=options.threads, may_lose=True)
        job = self._job(options, tracker).model_dump(mode="json")
        table = LiveTable(self.spec, num_trials, workers, options.shows_progress)
        log.info("%d trials, %d at a time; %d are there", num_trials, workers, self._num_ended())
        try:
            self._go(Pool(WORKER_COMMAND, job, settings, launcher), sampler, workers, table)
        finally:
            table.close()
        tracker.end(self.journal.trials)

    def _go(self, pool: Pool, sampler: Sampler, workers: int, table: LiveTable) -> None:
        waiting = [self._task(number) for number in self.journal.unfinished]
        waiting += [task for _ in range(workers - len(waiting)) if (task := self._next(sampler)) is not None]
        with pool:
            table.update(self.journal.trials)
            for event in pool.run(waiting):
                match event:
                    case Asked(key=key, question=question):
                        verdict = self._judge(int(key), int(question["step"]), float(question["value"]))
                        pool.answer(key, {"is_over": verdict.is_over})
                    case Finished(key=key, result=result):
                        self._end(int(key), Result.model_validate(result), table)
                    case Lost(key=key, reason=reason):
                        result = Result(state="failed", reason=f"it {reason}")
                        write_json(self.folder(int(key)) / RESULT, result.model_dump(mode="json"))
                        self._end(int(key), result, table)
                    case Progressed():
                        continue
                if not isinstance(event, Asked) and (task := self._next(sampler)) is not None:
                    pool.add(task)
                table.update(self.journal.trials)

    def _next(self, sampler: Sampler) -> Task | None:
        """Begins a trial, if there is one to begin whose values fit together; others fail at once."""
        while len(self.journal.trials) < self._num_trials:
            proposal = sampler.propose(len(self.journal.trials), self.journal.past)
            number = self.journal.begin(proposal)
            if (task := self._task_or_failure(number)) is not None:
                return task
        return None

    def _task_or_failure(self, number: int) -> Task | None:
        try:
            return self._task(number)
        except CallError as error:
            result = Result(state="failed", reason=str(error).splitlines()[0])
            write_json(self.folder(number) / RESULT, result.model_dump(mode="json"))
            self._take_result(number)
            return None

    def _task(self, number: int) -> Task:
        folder, params = self.folder(number), self.journal.trials[number].past.params
        recipes = self._recipes.of(params)
        write_json(folder / "params.json", dict(params))
        spec = run_trial.TrialSpec(number=number, folder=str(folder), train=recipes.train, scene=recipes.scene)
        return Task(key=str(number), spec=spec.model_dump(mode="json"))

    def _judge(self, number: int, step: int, value: float) -> Verdict:
        self.journal.report(number, step, value)
        if self._pruner is None:
            return Verdict(is_over=False)
        verdict = self._pruner.judge(number, self.journal.past)
        self.journal.judge(number, verdict)
        return verdict

    def _end(self, number: int, result: Result, table: LiveTable) -> None:
        self._write_end(number, result)
        table.tell_end(self.journal.trials[number], self._num_ended(), self._num_trials)

    def _take_result(self, number: int) -> None:
        """Ends a trial whose result is there though the journal does not know it yet."""
        path = self.folder(number) / RESULT
        if path.exists():
            self._write_end(number, Result.model_validate_json(path.read_bytes()))

    def _write_end(self, number: int, result: Result) -> None:
        names = [objective.metric for objective in self.spec.objectives]
        values = tuple(result.metrics[name] for name in names if name in result.metrics)
        is_whole = result.state != "failed" and len(values) == len(names)
        self.journal.end(number, result, values if is_whole else None)

    def _num_ended(self) -> int:
        return sum(past.state != "running" for past in self.journal.past)

    def _job(self, options: SweepOptions, tracker: SweepTracker) -> run_trial.Spec:
        child = tracker.child
        return run_trial.Spec(
            root=str(self._root.absolute()),
            data=tuple(rooted(source, self._root) for source in self.spec.data),
            val=tuple(rooted(source, self._root) for source in self.spec.val),
            sets=str(self.out.absolute() / "sets"),
            metric=self.spec.objectives[0].metric,
            metrics=tuple(objective.metric for objective in self.spec.objectives),
            device=options.device,
            threads=options.threads,
            tracker=None if child is None else child.model_dump(mode="json"),
        )


def _finish(course: _Course, seconds: float) -> SweepResult:
    out, trials = course.out, course.journal.trials
    front = front_of(course.journal.past, course.spec.objectives)
    if not front:
        reasons = [trial.reason for trial in trials if trial.reason]
        raise TrainingError(f"{out}: not one of {len(trials)} trials came to an end; the first: {reasons[:1]}")
    winner = front[0]
    write_text(out / WINNER, dump_recipe(training_recipe(course.recipe_of(winner).train, "winner")))
    draw_pages(course.folder(winner) / RUN)
    write_text(out / REPORT, render_page(sweep_page(course.spec, trials, front)))
    (out / "owner.json").unlink(missing_ok=True)
    summaries = tuple(
        TrialSummary(
            number=trial.past.number,
            state=trial.past.state,
            params=dict(trial.past.params),
            metrics=trial.metrics,
            reason=trial.reason,
            run=course.folder(trial.past.number) / RUN,
        )
        for trial in trials
    )
    return SweepResult(
        folder=out,
        trials=summaries,
        winner=winner,
        front=front,
        recipe=out / WINNER,
        report=out / REPORT,
        seconds=seconds,
    )
