"""`train`: data sets and a recipe become a run folder with a trained detector."""

import os
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from meshsight.core.errors import CallError, TrainingError
from meshsight.core.kinds import Kinds
from meshsight.records.dataset import Dataset
from meshsight.specs.base import VariantSpec
from meshsight.specs.learning import AnyTrainSpec
from meshsight.specs.patch_training import PatchTrainSpec
from meshsight.training.events import Tracker
from meshsight.training.fit import DEFAULT_RESOURCES, Resources, TrainingRequest, fit
from meshsight.training.notify import find_endpoint, report_outcome
from meshsight.training.processes import Processes, is_first_process, joined_processes
from meshsight.training.progress import ProgressBar
from meshsight.training.run_folder import RunFiles, RunManifest, read_manifest
from meshsight.training.stopping import StopRequest
from meshsight.training.tracking import open_tracker, parse_tracker
from meshsight.workflows.run_log import run_log
from meshsight.workflows.run_page import RunPage, draw_run_page
from meshsight.workflows.sources import open_source

RUN_REPORTS = Kinds("meshsight.workflows.run_reports", "report of a run")

__all__ = ["Resources", "TrainOptions", "TrainResult", "draw_pages", "parse_tracker", "train"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainOptions:
    """How a run is done and who is told, none of which belongs to its recipe.

    Attributes:
        is_resumed: continue the run in the folder, if one is there.
        endpoint, uid: told the outcome; without them the variables ENDPOINT and UID.
        tracker: where else metrics go.
        is_tracker_required: refuse to start without the tracker, instead of warning.
        is_rate_checked: try a range of learning rates first, for a few steps, and say if the recipe's is off.
        draws_pages: draw the run's page, and a patch network's report, which take longer than a very short training.
        resources: device, threads, workers, memory.
        watchers: told every event, too.
        should_end: asked at each step; when it says so the run ends as `stopped`, which then is no error.
    """

    is_resumed: bool = False
    endpoint: str | None = None
    uid: str | None = None
    tracker: VariantSpec | None = None
    is_tracker_required: bool = False
    is_rate_checked: bool = False
    draws_pages: bool = True
    resources: Resources = DEFAULT_RESOURCES
    watchers: tuple[Tracker, ...] = ()
    should_end: Callable[[], bool] = lambda: False


DEFAULT_OPTIONS = TrainOptions()


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainResult:
    """A finished run.

    Attributes:
        run: its folder.
        ap, ap50, ap75: of the weights kept, on the validation set that decides; None without one.
        manifest: all that is known about it.
    """

    run: Path
    ap: float | None
    ap50: float | None
    ap75: float | None
    manifest: RunManifest


def train(
    spec: AnyTrainSpec,
    *,
    data: Sequence[str | Path | Dataset],
    val: Sequence[str | Path | Dataset] = (),
    out: Path,
    options: TrainOptions = DEFAULT_OPTIONS,
) -> TrainResult:
    """Trains a detector or a patch network.

    Args:
        spec: the recipe.
        data: data sets to learn from: folders, `NAME=FOLDER`, or data sets already open.
        val: data sets to measure on; the first one decides which weights are kept, unless the recipe
            names another.
        out: the run's folder.
        options: resuming, tracking, reporting, resources.

    Raises:
        CallError: the folder holds a run already, or an option is wrong.
        SpecError: the recipe fits neither itself nor the data.
        DataError: a data set is bad, empty, without objects, or of other classes than the recipe.
        TrainingError: the loss diverged, or the run was told to stop; `is_resumed` continues it.
        StorageError: the disk is full.
    """
    endpoint = find_endpoint(options.endpoint, options.uid, dict(os.environ))
    is_finished = False
    try:
        with (
            StopRequest() as stop,
            joined_processes(options.resources.device) as processes,
            run_log(RunFiles(out).log) if processes.is_first else nullcontext(),
        ):
            manifest = _train(_Run(spec, data, val, out, options, processes), stop)
        is_finished = True
    finally:
        if endpoint is not None and is_first_process():
            report_outcome(endpoint, "training_finished" if is_finished else "training_failed")
    best = manifest.best
    figures = (None, None, None) if best is None else (best.ap, best.ap50, best.ap75)
    return TrainResult(run=out, ap=figures[0], ap50=figures[1], ap75=figures[2], manifest=manifest)


class _Run(NamedTuple):
    """What `train` was called with, and who trains together."""

    spec: AnyTrainSpec
    data: Sequence[str | Path | Dataset]
    val: Sequence[str | Path | Dataset]
    out: Path
    options: TrainOptions
    processes: Processes


def _train(run: _Run, stop: StopRequest) -> RunManifest:
    options, out = run.options, run.out
    if not run.data:
        raise CallError("nothing to train on: give at least one data set with --data")
    is_watched = run.processes.is_first
    tracker = open_tracker(options.tracker, options.is_tracker_required) if options.tracker and is_watched else None
    first, *others = [open_source(source) for source in run.data]
    validation = tuple(open_source(source) for source in run.val)
    request = TrainingRequest(
        spec=run.spec,
        data=(first, *others),
        validation=validation,
        out=out,
        is_resumed=options.is_resumed,
        is_rate_checked=options.is_rate_checked,
        resources=options.resources,
        processes=run.processes,
    )
    pages = [RunPage()] if options.draws_pages else []
    trackers: list[Tracker] = [ProgressBar(), *pages, *([tracker] if tracker is not None else []), *options.watchers]
    manifest = fit(request, trackers, lambda: stop() or options.should_end())
    if manifest.status == "stopped" and stop():
        raise TrainingError(f"{out}: {stop.signal_name}: {manifest.message}. Continue with --resume.")
    if options.draws_pages and isinstance(run.spec, PatchTrainSpec) and is_watched:
        RUN_REPORTS.builder("patches")(run.spec, request.data, validation, out, tracker)
    return manifest


def draw_pages(run: Path) -> None:
    """Draws the page, and a patch network's report, of a run that was trained without them.

    Raises:
        DataError: its data are no longer where they were.
    """
    files = RunFiles(run)
    manifest = read_manifest(files)
    draw_run_page(files)
    if isinstance(manifest.spec, PatchTrainSpec):
        data, validation = (
            [open_source(f"{facts.name}={facts.root}") for facts in sets]
            for sets in (manifest.data, manifest.validation)
        )
        RUN_REPORTS.builder("patches")(manifest.spec, data, validation, run, None)
