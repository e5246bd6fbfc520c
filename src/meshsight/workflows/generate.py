"""`meshsight generate`: a recipe becomes a data set folder, by several processes, and goes on where it was broken off.

Shards of frames are cut into parts; a part is what a worker draws at a time. Its images are written first, then its
lines. Complete shards get their label and scene files, and when all are there, `coco.json` and the manifest end the
folder. What is on the disk at any moment is whole, so a run that is killed loses the parts in work and nothing else,
and its successor ends with the bytes of an unbroken run.

A frame that kills its worker again and again is left out, and the manifest says so. A finished folder can grow: it is
opened again, and ends with the bytes of a folder that was made with all its frames at once.
"""

import logging
import time
from dataclasses import dataclass
from pathlib import Path

from meshsight.core.errors import CallError, LostFrameError, SynthesisError
from meshsight.datasets.folder import RUN, finish_folder, remove_torn_files
from meshsight.datasets.manifest import MANIFEST, Manifest, read_manifest
from meshsight.datasets.plan import FolderPlan, why_not_the_same
from meshsight.datasets.run_state import RunState, is_untouched
from meshsight.execution.capacity import default_workers
from meshsight.execution.launchers import local
from meshsight.execution.launching import Launcher, Sharing, open_launcher
from meshsight.execution.pool import Finished, Lost, Pool, PoolSettings, Progressed
from meshsight.execution.termination import sigterm_raises
from meshsight.specs.base import VariantSpec
from meshsight.specs.scene import SceneSpec
from meshsight.workflows.drawing_progress import DrawingProgress
from meshsight.workflows.estimate import cost_text, price_per_hour
from meshsight.workflows.jobs import draw_frames
from meshsight.workflows.lost_frames import Losses, missing_words
from meshsight.workflows.recipe_content import plan_of
from meshsight.workflows.recipe_files import complete_recipe
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
        missing: frames that could not be drawn, and why.
        fingerprint: names the recipe and the content of its files.
        seconds: how long this call took.
    """

    folder: Path
    classes: tuple[str, ...]
    num_frames: int
    num_drawn: int
    missing: dict[int, str]
    fingerprint: str
    seconds: float


HERE = local.Spec()


def generate(  # noqa: PLR0913 - each stands by itself in a call
    spec: SceneSpec,
    out: Path,
    *,
    root: Path,
    workers: int | None = None,
    resume: bool = False,
    retry_missing: bool = False,
    on: VariantSpec = HERE,
    progress: bool = True,
) -> GenerateResult:
    """Draws the frames of a recipe into a data set folder; equal recipes give equal folders.

    Args:
        spec: the recipe; `spec.frames` says how many.
        out: the folder to make; absent or empty, unless the run goes on.
        root: folder of the recipe, which its relative paths start from.
        workers: processes; None takes one for each core, as far as memory goes.
        resume: go on where a run with the same recipe was broken off, or with more frames; starts if there was none.
        retry_missing: try frames again that a run before this one had to leave out.
        on: where the workers run; every place must see `out` and `root`.
        progress: show a progress bar when stderr is a terminal and information is logged.

    Raises:
        CallError: the folder is in use, or holds something else than the beginning of this data set.
        AssetError: a file that the recipe names is missing or unusable.
        SynthesisError: the recipe's rejection rules cannot be met, by more frames than can be left out.
        RenderError: the renderer cannot start on this machine.
        StorageError: the disk is full or will be; what is done is kept, and `resume` goes on.
        ExecutionError: too many frames killed their worker again and again, or a place to run cannot be used.
    """
    started = time.monotonic()
    price_per_hour()
    _check_workers(workers)
    spec = complete_recipe(spec, root)
    plan = plan_of(spec, root)
    state = RunState(out)
    manifest = _begin(state, plan, _known_plan(state, spec, root), resume, retry_missing)
    num_drawn = 0
    if manifest is None:
        state.note_recipe_folder(root)
        with run_log(out / RUN / "run.log"), sigterm_raises():
            launcher = open_launcher(on, Sharing(folders=(out.absolute(), root.absolute()), notes=out.absolute() / RUN))
            settings = _settings(workers or launcher.default_workers)
            manifest, num_drawn = _make(plan, state, _job(spec, out, root), (settings, launcher), progress)
            seconds = time.monotonic() - started
            rate, cost = num_drawn / seconds, cost_text(seconds, price_per_hour())
            log.info("%s: drew %d frames in %.1f s (%.1f a second%s)", out, num_drawn, seconds, rate, cost)
            if manifest.missing:
                log.warning("%s: %s", out, missing_words(manifest.missing))
    return GenerateResult(
        folder=out,
        classes=manifest.classes,
        num_frames=manifest.num_frames,
        num_drawn=num_drawn,
        missing=manifest.missing,
        fingerprint=manifest.fingerprint,
        seconds=time.monotonic() - started,
    )


def _job(spec: SceneSpec, out: Path, root: Path) -> draw_frames.Spec:
    return draw_frames.Spec(scene=spec, root=str(root.absolute()), out=str(out.absolute()))


def _check_workers(workers: int | None) -> None:
    if workers is not None and workers < 1:
        raise CallError(f"workers: expected at least 1, found {workers}")


def _settings(workers: int | None) -> PoolSettings:
    return PoolSettings(
        workers=workers or default_workers(WORKER_BYTES),
        recycle_items=RECYCLE_FRAMES,
        may_lose=True,
        lost_on=frozenset({SynthesisError.__name__, LostFrameError.__name__}),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What is in the folder already.

    Attributes:
        plan: what it was begun or finished as; None if nothing was.
        same_frames: what the recipe would be with as many frames as that.
    """

    plan: FolderPlan | None
    same_frames: FolderPlan | None = None


def _known_plan(state: RunState, spec: SceneSpec, root: Path) -> _Known:
    is_finished = (state.folder / MANIFEST).is_file()
    old = read_manifest(state.folder) if is_finished else state.read_plan() if state.has_work() else None
    if old is None:
        return _Known(plan=None)
    frames = old.spec.get("frames")
    is_grown = isinstance(frames, int) and frames < spec.frames
    return _Known(plan=old, same_frames=plan_of(spec.evolve(frames=frames) if is_grown else spec, root))


def _begin(state: RunState, plan: FolderPlan, known: _Known, resume: bool, retry_missing: bool) -> Manifest | None:
    """Makes the folder ours, or returns the manifest of a data set that is finished already."""
    folder, old = state.folder, known.plan
    if retry_missing and not resume:
        raise CallError("--retry-missing goes on with a data set: give --resume too")
    if old is None and not is_untouched(folder):
        raise CallError(f"{folder}: not empty, and no data set that was begun; name another folder")
    if old is not None and not resume:
        is_finished = isinstance(old, Manifest)
        what = "holds a data set" if is_finished else "holds the beginning of a data set; --resume goes on with it"
        raise CallError(f"{folder}: {what}. Name another folder, or remove this one.")
    if known.same_frames and old is not None and (reason := why_not_the_same(old, known.same_frames)) is not None:
        raise CallError(f"{folder}: cannot go on with another recipe: {reason}. Name another folder.")
    state.take_over()
    if isinstance(old, Manifest) and known.same_frames == plan and not (retry_missing and old.missing):
        log.info("%s: already complete", folder)
        state.close()
        return old
    state.write_plan(plan)  # before the manifest goes, so that there is always one that says what this is
    if isinstance(old, Manifest):
        state.reopen(old)
    if retry_missing:
        state.forget_lost()
    return None


def _make(
    plan: FolderPlan,
    state: RunState,
    job: draw_frames.Spec,
    crew: tuple[PoolSettings, Launcher],
    progress: bool,
) -> tuple[Manifest, int]:
    """Draws what is missing and ends the folder; returns the manifest, and how many frames were drawn."""
    folder = state.folder
    remove_torn_files(folder)
    assembly = Assembly(state, job.scene.frames)
    num_missing = assembly.num_missing_frames
    num_lost_before = len(assembly.lost)
    if num_missing < job.scene.frames:
        log.info(
            "going on: %d of %d frames are there", job.scene.frames - num_missing - num_lost_before, job.scene.frames
        )
    try:
        with DrawingProgress(folder, plan.classes, job.scene.frames, num_missing, crew[0].workers, progress) as shown:
            _draw(assembly, Pool(WORKER_COMMAND, job.model_dump(mode="json"), *crew), shown)
    except BaseException:
        if state.has_work():
            log.info("What is drawn so far is kept in %s; --resume goes on with it.", folder)
        raise
    remove_torn_files(folder)
    manifest = finish_folder(folder, plan, assembly.shards)
    state.close()
    return manifest, num_missing - len(assembly.lost) + num_lost_before


def _draw(assembly: Assembly, pool: Pool, shown: DrawingProgress) -> None:
    losses = Losses(assembly.num_frames, len(assembly.lost))
    with pool:
        for event in pool.run(assembly.tasks()):
            match event:
                case Progressed(items=items):
                    shown.advance(items)
                case Lost():
                    losses.add(event)
                    shown.lose()
                    pool.add(assembly.lose(event.key, event.item, event.reason))
                case Finished(key=key, result=result):
                    losses.drawn()
                    frames = assembly.read(key)
                    assembly.add(key)
                    _note_drawer(assembly.state, str(result["drawer"]))
                    shown.show(frames, int(result["bytes"]))
                case _:
                    raise AssertionError(f"no job of this kind asks: {event}")


def _note_drawer(state: RunState, drawer: str) -> None:
    before = state.note_drawer(drawer)
    if before is not None:
        log.warning("the images so far were drawn by %s, these by %s: expect small differences", before, drawer)
