"""Builds the MLflow tracker.

What goes there: the recipe and the machine as parameters; means of the training metrics, every validation and gap;
fingerprints of the data sets; use of processor and memory; in the end the run's pictures, page and model.
"""

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import filelock
import psutil
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from meshsight.core.files import dump_json, write_text
from meshsight.training.events import (
    Event,
    GapMeasured,
    PicturesDrawn,
    StepDone,
    TrackerError,
    TrainingEnded,
    TrainingStarted,
    Validated,
)
from meshsight.training.run_folder import RunFiles, SourceFacts
from meshsight.training.step_means import StepMeans
from meshsight.training.trackers.mlflow import Spec
from meshsight.training.tracking import ReportWritten

PARAMS_A_REQUEST = 100
LONGEST_PARAM = 500
SQLITE = "sqlite:///"
DEFAULT_DATABASE = "mlflow.db"
LOCK_SECONDS = 120
MARKER = "mlflow_run_id"
"""File in a run's folder that names its record."""
_STATUS = {"finished": "FINISHED", "failed": "FAILED", "stopped": "KILLED"}
_OFF = ("0", "false", "no")

Result = TypeVar("Result")


class MlflowTracker:
    """One MLflow run for one run of ours."""

    def __init__(self, spec: Spec, client: MlflowClient, experiment_id: str):
        self._spec = spec
        self._client = client
        self._experiment_id = experiment_id
        self._run_id = ""
        self._run = Path()
        self._means = StepMeans(spec.every_steps)

    def record(self, event: Event) -> None:
        """Takes in one event.

        Raises:
            TrackerError: the server does not answer or refuses.
        """
        match event:
            case TrainingStarted():
                self._run = event.run
                self._start(event)
            case StepDone():
                if (means := self._means.take(event)) is not None:
                    self._send({**means, **_system_metrics()}, event.step)
            case Validated():
                figures = {**event.figures, "loss": event.loss}
                known = {f"{_key(event.data)}/{name}": value for name, value in figures.items() if value is not None}
                self._send(known, event.step)
            case GapMeasured():
                self._send({f"gap/{_key(event.data)} - {_key(event.other)}": event.gap}, event.step)
            case PicturesDrawn():
                for path in event.paths:
                    self._upload(path)
            case TrainingEnded():
                self._end(event)

    def begin_group(self, name: str, recipe: dict[str, Any]) -> str:
        """Begins a run that others stand under.

        Raises:
            TrackerError: the server does not answer or refuses.
        """
        run = _ask(lambda: self._client.create_run(self._experiment_id, run_name=name))
        self._log_params(run.info.run_id, {"sweep": recipe})
        return run.info.run_id

    def end_group(self, run_id: str, figures: Mapping[str, float]) -> None:
        """Ends that run.

        Raises:
            TrackerError: the server does not answer or refuses.
        """
        now_ms = int(time.time() * 1000)
        metrics = [Metric(_key(name), float(value), now_ms, 0) for name, value in figures.items()]
        _ask(lambda: self._client.log_batch(run_id, metrics=metrics))
        _ask(lambda: self._client.set_terminated(run_id, "FINISHED"))

    def record_report(self, report: ReportWritten) -> None:
        """Adds figures and files to the run's own record.

        Raises:
            TrackerError: the server does not answer or refuses, or the run was never tracked.
        """
        marker = report.run / MARKER
        if not marker.exists():
            raise TrackerError(f"{report.run}: was not tracked while it trained")
        self._run_id = marker.read_text(encoding="utf-8").strip()
        self._send({f"{_key(report.name)}/{name}": value for name, value in report.figures.items()}, 0)
        for file in report.files:
            _ask(lambda file=file: self._client.log_artifact(self._run_id, str(file), _key(report.name)))

    def _start(self, event: TrainingStarted) -> None:
        marker = event.run / MARKER
        if event.first_step and marker.exists():
            self._run_id = marker.read_text(encoding="utf-8").strip()
            _ask(lambda: self._client.update_run(self._run_id, status="RUNNING"))
            return
        tags = {"folder": str(event.run.resolve()), "classes": ", ".join(event.classes)}
        name = os.environ.get("MLFLOW_RUN_NAME") or event.run.resolve().name
        if self._spec.parent_run is not None:
            tags[MLFLOW_PARENT_RUN_ID] = self._spec.parent_run
            name = event.run.resolve().parent.name  # runs of a sweep are all called alike, their folders are not
        run = _ask(lambda: self._client.create_run(self._experiment_id, tags=tags, run_name=name))
        self._run_id = run.info.run_id
        write_text(marker, self._run_id + "\n")
        recipe, machine = event.spec.model_dump(mode="json"), event.machine.model_dump(mode="json")
        self._log_params(self._run_id, {"recipe": recipe, "machine": machine})
        inputs = [_input(facts, "training") for facts in event.data]
        inputs += [_input(facts, "validation") for facts in event.validation]
        if inputs:
            _ask(lambda: self._client.log_inputs(self._run_id, inputs))

    def _log_params(self, run_id: str, values: dict[str, Any]) -> None:
        params = [Param(key, value[:LONGEST_PARAM]) for key, value in _flatten(values)]
        for first in range(0, len(params), PARAMS_A_REQUEST):
            part = params[first : first + PARAMS_A_REQUEST]
            _ask(lambda part=part: self._client.log_batch(run_id, params=part))

    def _end(self, event: TrainingEnded) -> None:
        if (means := self._means.rest()) is not None:
            self._send(means, event.step)
        files = RunFiles(self._run)
        self._upload(files.page)
        if event.status == "finished" and self._spec.models:
            for path in (files.manifest, files.weights):
                self._upload(path, "model")
        _ask(lambda: self._client.set_tag(self._run_id, "message", event.message))
        _ask(lambda: self._client.set_terminated(self._run_id, _STATUS[event.status]))

    def _upload(self, path: Path, folder: str | None = None) -> None:
        if path.exists():
            _ask(lambda: self._client.log_artifact(self._run_id, str(path), folder))

    def _send(self, values: dict[str, float], step: int) -> None:
        now_ms = int(time.time() * 1000)
        metrics = [Metric(_path_key(name), value, now_ms, step) for name, value in values.items()]
        _ask(lambda: self._client.log_batch(self._run_id, metrics=metrics))


def build(spec: Spec) -> MlflowTracker:
    """Connects to MLflow and finds or makes the experiment.

    Raises:
        TrackerError: the server does not answer or refuses.
    """
    # MLflow's own patience, minutes for each request, would hold up the run that it only watches.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
    uri = spec.uri or os.environ.get("MLFLOW_TRACKING_URI") or f"{SQLITE}{DEFAULT_DATABASE}"
    if not uri.startswith(SQLITE):
        return _connect(spec, uri, None)
    # Processes that make the tables of a new database at once destroy each other's work.
    database = Path(uri.removeprefix(SQLITE))
    artifacts = (database.parent / "mlartifacts").resolve().as_uri()
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(database.with_name(f"{database.name}.lock"), timeout=LOCK_SECONDS):
            return _connect(spec, uri, artifacts)
    except (OSError, filelock.Timeout) as error:
        raise TrackerError(f"MLflow: {database}: {error}") from error


def _connect(spec: Spec, uri: str, artifacts: str | None) -> MlflowTracker:
    client = _ask(lambda: MlflowClient(tracking_uri=uri))
    if spec.experiment is None and (known := os.environ.get("MLFLOW_EXPERIMENT_ID")):
        return MlflowTracker(spec, client, known)
    name = spec.experiment or os.environ.get("MLFLOW_EXPERIMENT_NAME") or "meshsight"
    found = _ask(lambda: client.get_experiment_by_name(name))
    made = found.experiment_id if found is not None else _ask(lambda: client.create_experiment(name, artifacts))
    return MlflowTracker(spec, client, made)


def _input(facts: SourceFacts, use: str) -> DatasetInput:
    profile = {"num_images": facts.num_images, "num_objects": facts.num_objects}
    dataset = Dataset(
        name=facts.name,
        digest=facts.fingerprint,
        source_type="local",
        source=dump_json({"uri": facts.root}),
        profile=dump_json(profile),
    )
    return DatasetInput(dataset, tags=[InputTag("mlflow.data.context", use)])


def _system_metrics() -> dict[str, float]:
    """Use of the machine, by the names of MLflow's own monitor; MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING=0 ends it."""
    if os.environ.get("MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING", "").lower() in _OFF:
        return {}
    memory = psutil.virtual_memory()
    return {
        "system/cpu_utilization_percentage": psutil.cpu_percent(),
        "system/system_memory_usage_megabytes": memory.used / 2**20,
        "system/system_memory_usage_percentage": memory.percent,
        "system/process_memory_usage_megabytes": psutil.Process().memory_info().rss / 2**20,
    }


def _ask(request: Callable[[], Result]) -> Result:
    try:
        return request()
    except (MlflowException, OSError) as error:
        lines = str(error).splitlines() or [type(error).__name__]
        raise TrackerError(f"MLflow: {lines[0]}") from error


def _key(name: str) -> str:
    """What MLflow accepts in the name of a metric."""
    return re.sub(r"[^\w.\- ]", "_", name)


def _path_key(name: str) -> str:
    return "/".join(_key(part) for part in name.split("/"))


def _flatten(value: Any, prefix: Path = Path()) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _flatten(item, prefix / str(key))
    else:
        yield prefix.as_posix().replace("/", "."), str(value)
