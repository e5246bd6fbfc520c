"""`demo`: the whole walk on built-in objects, from 3D models to a page that says how good the detector is.

It calls the functions that the other verbs call. A demo that was broken off goes on where it stopped.
"""

import logging
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from meshsight.core.errors import DataError, ExecutionError
from meshsight.core.files import write_json, write_text
from meshsight.datasets.measures.difficulty import Difficulty, measure_difficulty
from meshsight.datasets.opening import open_dataset
from meshsight.plotting.page import render_page
from meshsight.presets import demo as preset
from meshsight.records.report import report_to_json
from meshsight.specs.base import parse_spec
from meshsight.specs.recipe import dump_recipe
from meshsight.specs.scene import SceneSpec
from meshsight.workflows.demo_page import DemoFacts, demo_page
from meshsight.workflows.evaluate import Measured, measure
from meshsight.workflows.export import export
from meshsight.workflows.generate import generate
from meshsight.workflows.opening import open_with_history
from meshsight.workflows.train import TrainOptions, train

log = logging.getLogger(__name__)

NUM_NEW_SCENES = 12
_WITHOUT_TORCH = "import sys; sys.modules['torch'] = None; from meshsight.cli.main import main; main()"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoFiles:
    """Where everything of a demo lies."""

    folder: Path

    @property
    def train(self) -> Path:
        """Training scenes."""
        return self.folder / "data" / "train"

    @property
    def test(self) -> Path:
        """Held-out scenes."""
        return self.folder / "data" / "test"

    @property
    def new(self) -> Path:
        """Scenes that only the exported detector sees."""
        return self.folder / "data" / "new"

    @property
    def run(self) -> Path:
        """The training run."""
        return self.folder / "run"

    @property
    def artifact(self) -> Path:
        """The exported detector."""
        return self.folder / "artifact"

    @property
    def evaluation(self) -> Path:
        """Figures of the evaluation."""
        return self.folder / "evaluation.json"

    @property
    def predictions(self) -> Path:
        """What the exported detector found in the new scenes."""
        return self.folder / "predictions"

    @property
    def page(self) -> Path:
        """The report."""
        return self.folder / "report.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoResult:
    """How the demo ended.

    Attributes:
        ap, ap50: of the exported detector on the held-out scenes.
        difficulty: how hard these are.
        cpu_seconds: process time of this call and its workers; less than a whole demo when it went on from files.
        seconds: the same by the clock, by stage.
        report: the page to open.
        next_commands: what to try now.
    """

    ap: float | None
    ap50: float | None
    difficulty: Difficulty
    cpu_seconds: float
    seconds: dict[str, float]
    report: Path
    next_commands: tuple[str, ...]


@dataclass(slots=True)
class _Clock:
    seconds: dict[str, float] = field(default_factory=dict[str, float])

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        log.info("== %s", name)
        began = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - began, 1)


def demo(out: Path, *, scale: float = 1.0) -> DemoResult:
    """Draws scenes, trains, exports, evaluates on held-out scenes, and writes a page.

    Args:
        out: folder of everything.
        scale: share of the frames and training steps, for a quick look; 1 is the demo that the figures are of.

    Raises:
        MeshsightError: a stage failed; what is done is kept, and the next call goes on.
    """
    clock, files, cpu_before = _Clock(), DemoFiles(folder=out), _cpu_seconds()
    renderer = _find_renderer()
    with clock.stage("drawing scenes of 3D models"):
        _draw(preset.training_scenes(), files.train, renderer, scale)
        _draw(preset.held_out_scenes(), files.test, renderer, scale)
        _draw(preset.new_scenes(NUM_NEW_SCENES), files.new, renderer, 1.0)
    difficulty = measure_difficulty(open_dataset(files.test).samples(), min_visibility=preset.MIN_VISIBILITY)
    if scale == 1.0:
        _check(difficulty)
    with clock.stage("training a detector from scratch"):
        recipe = preset.training()
        recipe = recipe.evolve(steps=max(100, round((recipe.steps or 0) * scale)))
        train(recipe, data=(files.train,), out=files.run, options=TrainOptions(is_resumed=True))
    with clock.stage("exporting it to ONNX"):
        export(files.run, out=files.artifact, data=files.new)
    with clock.stage("evaluating the exported detector on held-out scenes"):
        measured = measure(files.artifact, data=(f"test={files.test}",))
    with clock.stage("running the exported detector without torch on new scenes"):
        _predict_without_torch(files)
    return _finish(files, measured, difficulty, clock, cpu_before)


def _finish(
    files: DemoFiles, measured: Measured, difficulty: Difficulty, clock: _Clock, cpu_before: float
) -> DemoResult:
    headline = measured.reports[0].headline
    result = DemoResult(
        ap=headline.ap,
        ap50=headline.ap50,
        difficulty=difficulty,
        cpu_seconds=round(_cpu_seconds() - cpu_before, 1),
        seconds=clock.seconds,
        report=files.page,
        next_commands=_next_commands(files),
    )
    facts = DemoFacts(
        difficulty=difficulty,
        seconds=clock.seconds,
        cpu_seconds=result.cpu_seconds,
        next_commands=result.next_commands,
        losses=open_with_history(files.run, "cpu").losses,
        predictions=files.predictions,
    )
    write_json(files.evaluation, report_to_json(measured.reports[0]))
    write_text(files.page, render_page(demo_page(facts, measured)))
    return result


def _next_commands(files: DemoFiles) -> tuple[str, ...]:
    return (
        f"meshsight show {files.test} --out labels.png",
        f"meshsight predict {files.artifact} {files.test / 'images'} --out found",
        "meshsight init basic > scene.yaml     # your own models: put their paths in",
        "meshsight preview scene.yaml --out grid.png",
    )


def _find_renderer() -> str:
    """Returns `raster`, or `raycast` with the line that would install what is missing."""
    probe = [sys.executable, "-m", "meshsight.workflows.probes.opengl"]
    found = subprocess.run(probe, capture_output=True, text=True, check=False)
    if found.returncode == 0:
        log.info("OpenGL: %s", found.stdout.strip())
        return "raster"
    reason = (found.stderr.strip().splitlines() or ["no answer"])[-1]
    log.warning("%s\nDrawing with 'raycast' instead, which needs no OpenGL and is slower.", reason)
    return "raycast"


def _draw(spec: SceneSpec, out: Path, renderer: str, scale: float) -> None:
    frames = max(8, round(spec.frames * scale))
    data = {**spec.model_dump(mode="json"), "frames": frames, "renderer": renderer}
    spec = parse_spec(SceneSpec, data, "demo")
    write_text(out.with_suffix(".yaml"), dump_recipe(spec))
    generate(spec, out, root=out.parent, resume=True)


def _check(difficulty: Difficulty) -> None:
    """Holds the test to the difficulty that its figures are quoted for."""
    found = {
        f"at least {preset.NUM_TEST} scenes": difficulty.num_images >= preset.NUM_TEST,
        "all classes": difficulty.num_classes == len(preset.OBJECTS),
        "3 to 8 objects a scene": difficulty.fewest_objects >= 3 and difficulty.most_objects <= 8,
        "a tenth under 40 px": difficulty.small >= 0.10,
        "a tenth over 120 px": difficulty.large >= 0.10,
        "a quarter hidden by more than 20 %": difficulty.occluded >= 0.25,
        "a tenth cut off by the border": difficulty.truncated >= 0.10,
    }
    missed = [what for what, is_met in found.items() if not is_met]
    if missed:
        raise DataError(f"the demo's test is easier than it says: expected {'; '.join(missed)}; found {difficulty}")


def _predict_without_torch(files: DemoFiles) -> None:
    arguments = ["predict", str(files.artifact), str(files.new / "images"), "--out", str(files.predictions), "-q"]
    command = [sys.executable, "-c", _WITHOUT_TORCH, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise ExecutionError(f"predict without torch ended with {done.returncode}: {last}")


def _cpu_seconds() -> float:
    """Process time of this process and of its ended children, in seconds."""
    times = psutil.Process().cpu_times()
    return times.user + times.system + times.children_user + times.children_system
