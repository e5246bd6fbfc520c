"""Builds the MLflow tracker."""

import os
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from mlflow.entities import Metric, Param
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from meshsight.core.files import write_text
from meshsight.training.events import Event, StepDone, TrackerError, TrainingEnded, TrainingStarted, Validated
from meshsight.training.trackers.mlflow import Spec

PARAMS_A_REQUEST = 100
LONGEST_PARAM = 500
_STATUS = {"finished": "FINISHED", "failed": "FAILED", "stopped": "KILLED"}

Result = TypeVar("Result")


class MlflowTracker:
    """Sends means of the training metrics, every validation, and the recipe as parameters."""

    def __init__(self, spec: Spec, client: MlflowClient, experiment_id: str):
        self._spec = spec
        self._client = client
        self._experiment_id = experiment_id
        self._run_id = ""
        self._steps: list[StepDone] = []

    def record(self, event: Event) -> None:
        """Takes in one event.

        Raises:
            TrackerError: the server does not answer or refuses.
        """
        match event:
            case TrainingStarted():
                self._start(event)
            case StepDone():
                self._steps.append(event)
                if len(self._steps) >= self._spec.every_steps:
                    self._send_steps()
            case Validated():
                figures = {**event.figures, "loss": event.loss}
                known = {f"{_key(event.data)}/{name}": value for name, value in figures.items() if value is not None}
                self._send(known, event.step)
            case TrainingEnded():
                self._send_steps()
                _ask(lambda: self._client.set_tag(self._run_id, "message", event.message))
                _ask(lambda: self._client.set_terminated(self._run_id, _STATUS[event.status]))

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

    def _start(self, event: TrainingStarted) -> None:
        marker = event.run / "mlflow_run_id"
        if event.first_step and marker.exists():
            self._run_id = marker.read_text(encoding="utf-8").strip()
            _ask(lambda: self._client.update_run(self._run_id, status="RUNNING"))
            return
        tags = {"folder": str(event.run.resolve()), "classes": ", ".join(event.classes)}
        name = event.run.resolve().name
        if self._spec.parent_run is not None:
            tags[MLFLOW_PARENT_RUN_ID] = self._spec.parent_run
            name = event.run.resolve().parent.name  # runs of a sweep are all called alike, their folders are not
        run = _ask(lambda: self._client.create_run(self._experiment_id, tags=tags, run_name=name))
        self._run_id = run.info.run_id
        write_text(marker, self._run_id + "\n")
        recipe, machine = event.spec.model_dump(mode="json"), event.machine.model_dump(mode="json")
        self._log_params(self._run_id, {"recipe": recipe, "machine": machine})

    def _log_params(self, run_id: str, values: dict[str, Any]) -> None:
        params = [Param(key, value[:LONGEST_PARAM]) for key, value in _flatten(values)]
        for first in range(0, len(params), PARAMS_A_REQUEST):
            part = params[first : first + PARAMS_A_REQUEST]
            _ask(lambda part=part: self._client.log_batch(run_id, params=part))

    def _send_steps(self) -> None:
        if not self._steps:
            return
        sums: defaultdict[str, float] = defaultdict(float)
        for step in self._steps:
            terms = {f"loss_{_key(name)}": value for name, value in step.losses.items()}
            timing = {"seconds": step.seconds, "data_wait": step.data_wait, "grad_norm": step.grad_norm}
            for name, value in {"loss": step.loss, **terms, **timing, "learning_rate": step.learning_rate}.items():
                sums[f"train/{name}"] += value / len(self._steps)
        last = self._steps[-1].step
        self._steps.clear()
        self._send(sums, last)

    def _send(self, values: dict[str, float], step: int) -> None:
        now_ms = int(time.time() * 1000)
        metrics = [Metric(name, value, now_ms, step) for name, value in values.items()]
        _ask(lambda: self._client.log_batch(self._run_id, metrics=metrics))


def build(spec: Spec) -> MlflowTracker:
    """Connects to MLflow and finds or makes the experiment.

    Raises:
        TrackerError: the server does not answer or refuses.
    """
    # MLflow's own patience, minutes for each request, would hold up the run that it only watches.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
    client = _ask(lambda: MlflowClient(tracking_uri=spec.uri))
    found = _ask(lambda: client.get_experiment_by_name(spec.experiment))
    made = found.experiment_id if found is not None else _ask(lambda: client.create_experiment(spec.experiment))
    return MlflowTracker(spec, client, made)


def _ask(request: Callable[[], Result]) -> Result:
    try:
        return request()
    except (MlflowException, OSError) as error:
        lines = str(error).splitlines() or [type(error).__name__]
        raise TrackerError(f"MLflow: {lines[0]}") from error


def _key(name: str) -> str:
    """What MLflow accepts in the name of a metric."""
    return re.sub(r"[^\w.\- ]", "_", name)


def _flatten(value: Any, prefix: Path = Path()) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _flatten(item, prefix / str(key))
    else:
        yield prefix.as_posix().replace("/", "."), str(value)
