"""The job of `sweep`: one trial, which is an ordinary run in a folder of its own, and what came of it."""

import logging
import time
import traceback
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, JsonValue

from meshsight.core.errors import MeshsightError, StorageError
from meshsight.core.files import write_json
from meshsight.execution.messages import JsonObject
from meshsight.execution.worker import Reporter
from meshsight.specs.base import Spec as BaseSpec
from meshsight.specs.base import VariantSpec, parse_spec
from meshsight.specs.learning import AnyTrainSpec, is_of_patches
from meshsight.specs.patch_training import PatchTrainSpec
from meshsight.specs.scene import SceneSpec
from meshsight.specs.training import TrainSpec
from meshsight.training.events import Event, StepDone, Validated
from meshsight.training.fit import Resources
from meshsight.training.tracking import TRACKER_KINDS
from meshsight.workflows.scene_sets import scene_set
from meshsight.workflows.train import TrainOptions, train
from meshsight.workflows.trial_metrics import trial_metrics

RESULT = "result.json"
RUN = "run"
REPORT_SECONDS = 1.0


class Spec(VariantSpec):
    """What all trials of a sweep share."""

    kind: Literal["run_trial"] = "run_trial"
    root: str
    """Folder that the recipes' paths are relative to."""
    data: tuple[str, ...]
    val: tuple[str, ...]
    sets: str
    """Folder of the data sets that trials draw for themselves."""
    metric: str
    """The first objective, by which trials are judged on their way."""
    metrics: tuple[str, ...]
    """What the objectives name."""
    device: str
    threads: int
    tracker: dict[str, JsonValue] | None


class TrialSpec(BaseSpec):
    """A task: one trial."""

    number: int = Field(ge=0)
    folder: str
    train: dict[str, JsonValue]
    scene: dict[str, JsonValue] | None


class Result(BaseSpec):
    """What came of a trial."""

    state: Literal["done", "pruned", "failed"]
    metrics: dict[str, float] = Field(default_factory=dict)
    reason: str = ""
    """Of a failure."""


class TrialRunner:
    """Runs trials, one after another."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        for handler in logging.getLogger().handlers:
            handler.setLevel(logging.WARNING)  # what a run says of itself stands in its own log

    def run(self, task: JsonObject, report: Reporter) -> JsonObject:
        """Runs a trial to its end, or goes on with it; one that has a result is not run again."""
        trial = TrialSpec.model_validate(task)
        report.begin(f"trial {trial.number}", trial.number)
        path = Path(trial.folder) / RESULT
        if not path.exists():
            write_json(path, self._result(trial, report).model_dump(mode="json"))
        return Result.model_validate_json(path.read_bytes()).model_dump(mode="json")

    def _result(self, trial: TrialSpec, report: Reporter) -> Result:
        judge = _Judge(self._spec, report)
        try:
            metrics = self._train(trial, judge, report)
        except StorageError:
            raise  # not this trial's fault: the others would fail, too
        except MeshsightError as error:
            return Result(state="failed", reason=str(error).splitlines()[0])
        except Exception as error:  # noqa: BLE001 - a combination that breaks is a result of the sweep
            logging.getLogger(__name__).debug("%s", traceback.format_exc())
            return Result(state="failed", reason=" ".join(f"{type(error).__name__}: {error}".split())[:300])
        unknown = [name for name in self._spec.metrics if name not in metrics]
        if unknown and not judge.is_over:
            words = f"it has no figure '{unknown[0]}', but {', '.join(sorted(metrics))}"
            return Result(state="failed", metrics=metrics, reason=words)
        return Result(state="pruned" if judge.is_over else "done", metrics=metrics)

    def _train(self, trial: TrialSpec, judge: "_Judge", report: Reporter) -> dict[str, float]:
        spec = self._spec
        recipe = training_recipe(trial.train, f"trial {trial.number}")
        data = spec.data
        if trial.scene is not None:
            scenes = parse_spec(SceneSpec, trial.scene, f"trial {trial.number}")
            data = (*data, str(scene_set(scenes, Path(spec.sets), Path(spec.root), report)))
        started = time.monotonic()
        options = TrainOptions(
            is_resumed=True,
            tracker=None if spec.tracker is None else parse_tracker_spec(spec.tracker),
            draws_pages=spec.tracker is not None,  # nobody looks at hundreds of pages; the sweep draws the winner's
            resources=Resources(device=spec.device, threads=spec.threads),
            watchers=(judge,),
            should_end=lambda: judge.is_over,
        )
        made = train(recipe, data=data, val=spec.val, out=Path(trial.folder) / RUN, options=options)
        if made.manifest.status == "finished":
            judge.is_over = False  # judged bad at its very end, which is too late
        found = trial_metrics(made.run, made.manifest, spec.metrics)
        return {**found, **judge.figures, "seconds": time.monotonic() - started}


class _Judge:
    """A tracker that keeps the worker's parent informed, and asks it at each validation."""

    def __init__(self, spec: Spec, report: Reporter) -> None:
        self._spec = spec
        self._report = report
        self._told_at = 0.0
        self._first_set: str | None = None
        self.is_over = False
        self.figures: dict[str, float] = {}

    def record(self, event: Event) -> None:
        """Takes in one event."""
        now = time.monotonic()
        if isinstance(event, StepDone) and now > self._told_at + REPORT_SECONDS:
            self._told_at = now
            self._report.advance(0)  # a sign of life
        if isinstance(event, Validated):
            self._hear(event)

    def _hear(self, event: Validated) -> None:
        self._first_set = self._first_set or event.data
        if event.data != self._first_set:
            return
        self.figures["loss"] = event.loss
        value = event.loss if self._spec.metric == "loss" else _figure(event, self._spec.metric)
        if value is not None:
            question = {"step": event.step, "value": value}
            self.is_over = bool(self._report.ask(question)["is_over"])


def _figure(event: Validated, metric: str) -> float | None:
    """Returns the figure by which trials are judged; of `best` the one that recipes choose weights by, as it is now."""
    usual = ("score", "ap") if metric == "best" else (metric,)
    return next((value for name in usual if (value := event.figures.get(name)) is not None), None)


def training_recipe(plain: dict[str, Any], where: str) -> AnyTrainSpec:
    """Validates a recipe of either kind.

    Raises:
        SpecError: what is wrong with it.
    """
    return parse_spec(PatchTrainSpec if is_of_patches(plain) else TrainSpec, plain, where)


def parse_tracker_spec(plain: dict[str, Any]) -> VariantSpec:
    """Returns the spec of a tracker from its JSON."""
    spec_type: type[VariantSpec] = TRACKER_KINDS.module(str(plain["kind"])).Spec
    return spec_type.model_validate(plain)


def build(spec: Spec) -> TrialRunner:
    """Returns the job."""
    return TrialRunner(spec)
