"""`meshsight generate`: a recipe becomes a data set folder, by several processes, and goes on where it was broken off.

Shards of frames are cut into parts; a part is what a worker draws at a time. Its images are written first, then its
lines. Complete shards get their label and scene files, and when all are there, `coco.json` and the manifest end the
folder. What is on the disk at any moment is whole, so a run that is killed loses the parts in work and nothing else,
and its successor ends with the bytes of an unbroken run.
"""

import logging
import time
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from meshsight.core.errors import CallError
from meshsight.datasets.folder import RUN, finish_folder, remove_torn_files
from meshsight.datasets.manifest import MANIFEST, Manifest, read_manifest
from meshsight.datasets.plan import FolderPlan, why_not_the_same
from meshsight.datasets.run_state import RunState, is_untouched
from meshsight.execution.capacity import default_workers
from meshsight.execution.pool import Finished, Pool, PoolSettings, Progressed
from meshsight.execution.termination import sigterm_raises
from meshsight.specs.scene import SceneSpec
from meshsight.synthesis.folders import expand_folders
from meshsight.workflows.jobs import draw_frames
from meshsight.workflows.recipe_content import plan_of
from meshsight.workflows.run_log import run_log
from meshsight.workflows.shards import Assembly
from meshsight.workflows.worker import WORKER_COMMAND

WORKER_BYTES = 1 << 30
RECYCLE_FRAMES = 5000

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerateResult:
    """A finished data set folder.

    Attributes:
        folder: where it is.
        classes: names by class id.
        num_frames: images in it.
        num_drawn: of those, drawn by this call; the others were there before.
        fingerprint: names the recipe and the content of its files.
        seconds: how long this call took.
    """

    folder: Path
    classes: tuple[str, ...]
    num_frames: int
    num_drawn: int
    fingerprint: str
    seconds: float


def generate(
    spec: SceneSpec,
    out: Path,
    *,
    root: Path,
    workers: int | None = None,
    resume: bool = False,
    progress: bool = True,
) -> GenerateResult:
    """Draws the frames of a recipe into a data set folder; equal recipes give equal folders.

    Args:
        spec: the recipe; `spec.frames` says how many.
        out: the folder to make; absent or empty, unless the run goes on.
        root: folder of the recipe, which its relative paths start from.
        workers: processes; None takes one for each core, as far as memory goes.
        resume: go on where a run with the same recipe was broken off; starts if there was none.
        progress: show a progress bar when stderr is a terminal and information is logged.

    Raises:
        CallError: the folder is in use, or holds something else than the beginning of this data set.
        AssetError: a file that the recipe names is missing or unusable.
        SynthesisError: the recipe's rejection rules cannot be met.
        RenderError: the renderer cannot start on this machine.
        StorageError: the disk is full; what is done is kept, and `resume` goes on.
        ExecutionError: a frame killed its worker again and again.
    """
    started = time.monotonic()
    settings = _settings(workers)
    spec = expand_folders(spec, root)
    plan = plan_of(spec, root)
    state = RunState(out)
    manifest = _begin(state, plan, resume)
    num_drawn = 0
    if manifest is None:
        state.note_recipe_folder(root)
        with run_log(out / RUN / "run.log"), sigterm_raises():
            manifest, num_drawn = _make(plan, state, _job(spec, out, root), settings, progress)
            seconds = time.monotonic() - started
            log.info("%s: drew %d frames in %.1f s (%.1f a second)", out, num_drawn, seconds, num_drawn / seconds)
    return GenerateResult(
        folder=out,
        classes=manifest.classes,
        num_frames=manifest.num_frames,
        num_drawn=num_drawn,
        fingerprint=manifest.fingerprint,
        seconds=time.monotonic() - started,
    )


def _job(spec: SceneSpec, out: Path, root: Path) -> draw_frames.Spec:
    return draw_frames.Spec(scene=spec, root=str(root.absolute()), out=str(out.absolute()))


def _settings(workers: int | None) -> PoolSettings:
    if workers is not None and workers < 1:
        raise CallError(f"workers: expected at least 1, found {workers}")
    return PoolSettings(workers=workers or default_workers(WORKER_BYTES), recycle_items=RECYCLE_FRAMES)


def _begin(state: RunState, plan: FolderPlan, resume: bool) -> Manifest | None:
    """Makes the folder ours, or returns the manifest of a data set that is finished already."""
    folder = state.folder
    is_new = is_untouched(folder)
    is_finished = (folder / MANIFEST).is_file()
    old = read_manifest(folder) if is_finished else state.read_plan() if state.has_work() else None
    if old is None and not is_new:
        raise CallError(f"{folder}: not empty, and no data set that was begun; name another folder")
    if old is not None and not resume:
        what = "holds a data set" if is_finished else "holds the beginning of a data set; --resume goes on with it"
        raise CallError(f"{folder}: {what}. Name another folder, or remove this one.")
    if old is not None and (reason := why_not_the_same(old, plan)) is not None:
        raise CallError(f"{folder}: cannot go on with another recipe: {reason}. Name another folder.")
    state.take_over()
    if isinstance(old, Manifest):
        log.info("%s: already complete", folder)
        state.close()
        return old
    state.write_plan(plan)
    return None


def _make(
    plan: FolderPlan, state: RunState, job: draw_frames.Spec, settings: PoolSettings, progress: bool
) -> tuple[Manifest, int]:
    """Draws what is missing and ends the folder; returns the manifest, and how many frames were drawn."""
    folder = state.folder
    remove_torn_files(folder)
    assembly = Assembly(state, job.scene.frames)
    num_missing = assembly.num_missing_frames
    if num_missing < job.scene.frames:
        log.info("going on: %d of %d frames are there", job.scene.frames - num_missing, job.scene.frames)
    try:
        _draw(assembly, state, job, settings, progress)
    except BaseException:
        if state.has_work():
            log.info("What is drawn so far is kept in %s; --resume goes on with it.", folder)
        raise
    remove_torn_files(folder)
    manifest = finish_folder(folder, plan, assembly.shards)
    state.close()
    return manifest, num_missing


def _draw(assembly: Assembly, state: RunState, job: draw_frames.Spec, settings: PoolSettings, progress: bool) -> None:
    total = job.scene.frames
    log.info("drawing with %d %s", settings.workers, "process" if settings.workers == 1 else "processes")
    bar = tqdm(
        total=total,
        initial=total - assembly.num_missing_frames,
        unit="frame",
        desc="generate",
        disable=None if progress and log.isEnabledFor(logging.INFO) else True,  # None: only on a terminal
        dynamic_ncols=True,
    )
    with bar, Pool(WORKER_COMMAND, job.model_dump(mode="json"), settings) as pool:
        for event in pool.run(assembly.tasks()):
            match event:
                case Progressed(items=items):
                    bar.update(items)
                case Finished(key=key, result=result):
                    assembly.add(key)
                    _note_drawer(state, str(result["drawer"]))


def _note_drawer(state: RunState, drawer: str) -> None:
    before = state.note_drawer(drawer)
    if before is not None:
        log.warning("the images so far were drawn by %s, these by %s: expect small differences", before, drawer)
