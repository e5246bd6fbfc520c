"""MLflow with a store of its own, without a server, and with one that dies."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from meshsight.core.errors import CallError, TrainingError
from meshsight.specs.training import TrainSpec
from meshsight.training.events import Event, StepDone, TrackerError, TrainingEnded, TrainingStarted, Validated
from meshsight.training.precision import MachineFacts
from meshsight.training.sample import BoxCounts
from meshsight.training.tracking import TRACKER_KINDS, GroupTracker, GuardedTracker, open_tracker, parse_tracker

mlflow_tracking = pytest.importorskip("mlflow.tracking", reason="the extra [track] is not installed")

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(autouse=True)
def _no_settings_leak(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "MLFLOW_HTTP_REQUEST_TIMEOUT"):
        monkeypatch.setenv(name, "0" if name.endswith("RETRIES") else "2")


def events(run: Path, spec: TrainSpec, first_step: int = 0, num_steps: int = 20) -> Iterator[Event]:
    machine = MachineFacts(
        device="cpu",
        device_name="a processor",
        precision="float32",
        precision_reason="asked for",
        channels_last=True,
        threads=1,
        torch="2",
    )
    run.mkdir(exist_ok=True)
    yield TrainingStarted(
        run=run, spec=spec, classes=("a", "b"), machine=machine, first_step=first_step, num_steps=num_steps
    )
    for step in range(first_step + 1, num_steps + 1):
        yield StepDone(
            step=step,
            epoch=step / 5,
            loss=float(step),
            losses={"class": step * 0.75, "box": step * 0.25},
            learning_rate=0.1,
            grad_norm=1.0,
            seconds=0.5,
            data_wait=0.0,
            cpu_seconds=1.0,
            objects=BoxCounts(),
        )
    yield Validated(
        step=num_steps,
        data="real photos!",
        figures={"ap": 0.25, "ap50": 0.5, "ap75": None},
        loss=1.5,
        seconds=1.0,
        is_best=True,
    )
    yield TrainingEnded(status="finished", step=num_steps, message="all done")


def test_a_run_arrives_whole_and_a_resumed_one_goes_on_in_it(tmp_path: Path, make_spec) -> None:
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    run = tmp_path / "run"
    for first, stop in ((0, 15), (15, 20)):
        tracker = open_tracker(parse_tracker(f"mlflow={uri}"), is_required=True)
        assert tracker is not None
        for event in events(run, make_spec(), first, stop):
            tracker.record(event)
    client = mlflow_tracking.MlflowClient(uri)
    (found,) = client.search_runs([client.get_experiment_by_name("meshsight").experiment_id])
    assert found.info.status == "FINISHED"
    assert found.data.params["recipe.optimiser.learning_rate"] == "0.001"
    assert found.data.params["recipe.detector.backbone.kind"] == "tiny"
    assert found.data.params["machine.precision"] == "float32"
    assert found.data.tags["classes"] == "a, b"
    history = {(m.step, m.value) for m in client.get_metric_history(found.info.run_id, "train/loss")}
    assert history == {(10, 5.5), (15, 13.0), (20, 18.0)}  # means since the one before
    assert found.data.metrics["train/loss_box"] == pytest.approx(4.5)
    assert found.data.metrics["real photos_/ap50"] == 0.5
    assert "real photos_/ap75" not in found.data.metrics


def test_runs_of_a_sweep_stand_under_its_own(tmp_path: Path, make_spec) -> None:
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    spec = parse_tracker(f"mlflow={uri}")
    group = TRACKER_KINDS.builder("mlflow")(spec)
    assert isinstance(group, GroupTracker)
    parent = group.begin_group("my sweep", {"trials": 2, "parameters": {"train.steps": [1, 2]}})
    for number in range(2):
        tracker = open_tracker(spec.evolve(parent_run=parent), is_required=True)
        assert tracker is not None
        (tmp_path / f"{number:05d}").mkdir()
        for event in events(tmp_path / f"{number:05d}" / "run", make_spec(), 0, 3):
            tracker.record(event)
    group.end_group(parent, {"best_ap": 0.5, "trials": 2})
    client = mlflow_tracking.MlflowClient(uri)
    runs = client.search_runs([client.get_experiment_by_name("meshsight").experiment_id])
    own = client.get_run(parent)
    assert own.info.run_name == "my sweep" and own.data.metrics == {"best_ap": 0.5, "trials": 2.0}
    assert own.data.params["sweep.parameters.train.steps"] == "[1, 2]" and own.info.status == "FINISHED"
    children = [run for run in runs if run.data.tags.get("mlflow.parentRunId") == parent]
    assert {run.info.run_name for run in children} == {"00000", "00001"}


def test_a_dead_server_is_a_warning_and_ends_the_run_only_if_required(caplog: pytest.LogCaptureFixture) -> None:
    spec = parse_tracker("mlflow=http://127.0.0.1:9")
    assert open_tracker(spec, is_required=False) is None
    assert "training goes on without mlflow" in caplog.text
    with pytest.raises(TrainingError, match=r"required and cannot be reached: MLflow: .*127\.0\.0\.1"):
        open_tracker(spec, is_required=True)


class Dying:
    """Works until a given event, then fails for good."""

    def __init__(self, dies_at: type) -> None:
        self.dies_at = dies_at
        self.num_seen = 0

    def record(self, event: Event) -> None:
        self.num_seen += 1
        if isinstance(event, self.dies_at):
            raise TrackerError("gone")


def test_a_server_that_dies_on_the_way_is_left_out_after_one_warning(
    tmp_path: Path, make_spec, caplog: pytest.LogCaptureFixture
) -> None:
    for is_required in (False, True):
        dying = Dying(StepDone)
        guarded = GuardedTracker(dying, "dying", is_required)
        for event in events(tmp_path / "run", make_spec()):
            guarded.record(event)
        assert dying.num_seen == 2
    assert caplog.text.count("training goes on without dying") == 2


def test_a_required_tracker_that_fails_at_the_start_ends_the_run(tmp_path: Path, make_spec) -> None:
    guarded = GuardedTracker(Dying(TrainingStarted), "dying", is_required=True)
    with pytest.raises(TrainingError, match="refuses the run: gone"):
        guarded.record(next(events(tmp_path / "run", make_spec())))


def test_tracker_names_are_checked() -> None:
    assert parse_tracker("mlflow=http://h:5000/a=b").model_dump()["uri"] == "http://h:5000/a=b"
    with pytest.raises(CallError, match="did you mean 'mlflow'"):
        parse_tracker("mlfow")
