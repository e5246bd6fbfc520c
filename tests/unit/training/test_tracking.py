"""MLflow with a store of its own, without a server, and with one that dies."""

import sqlite3
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from meshsight.core.errors import CallError, TrainingError
from meshsight.core.images import encode_png
from meshsight.core.tf_example import _fields
from meshsight.core.tfrecord import read_records
from meshsight.specs.training import TrainSpec
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
from meshsight.training.precision import MachineFacts
from meshsight.training.run_folder import SourceFacts
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
    facts = SourceFacts(name="renders", root="/data", num_images=7, num_objects=9, fingerprint="0123456789abcdef")
    yield TrainingStarted(
        run=run,
        spec=spec,
        classes=("a", "b"),
        machine=machine,
        first_step=first_step,
        num_steps=num_steps,
        data=(facts,),
        validation=(facts.evolve(fingerprint="fedcba9876543210"),),
    )
    (run / "first_batch.png").write_bytes(encode_png(np.zeros((4, 6, 3), np.uint8)))
    yield PicturesDrawn(step=0, paths=(run / "first_batch.png",))
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
            source_losses={"renders": 2.0} if step % 5 == 0 else {},
        )
    yield Validated(
        step=num_steps,
        data="real photos!",
        figures={"ap": 0.25, "ap50": 0.5, "ap75": None},
        loss=1.5,
        seconds=1.0,
        is_best=True,
    )
    yield GapMeasured(
        step=num_steps,
        data="renders",
        other="real photos!",
        metric="ap",
        value=0.5,
        other_value=0.25,
        gap=0.25,
        trend=None,
        is_parting=False,
    )
    (run / "run.json").write_text("{}")
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
    assert found.data.metrics["gap/renders - real photos_"] == 0.25
    assert found.data.metrics["train/loss_on_renders"] == 2.0
    assert 0 < found.data.metrics["system/system_memory_usage_percentage"] <= 100
    sent = {file.path for file in client.list_artifacts(found.info.run_id)}
    assert sent == {"first_batch.png", "model"}
    assert [file.path for file in client.list_artifacts(found.info.run_id, "model")] == ["model/run.json"]
    inputs = {(i.dataset.digest, i.tags[0].value) for i in found.inputs.dataset_inputs}
    assert inputs == {("0123456789abcdef", "training"), ("fedcba9876543210", "validation")}
    assert (tmp_path / "mlartifacts").is_dir()


OPEN_AT_ONCE = """
import sys
from meshsight.training.tracking import open_tracker, parse_tracker
sys.exit(open_tracker(parse_tracker("mlflow"), is_required=True) is None)
"""


@pytest.mark.slow
def test_several_processes_may_open_a_new_database_at_once(tmp_path: Path) -> None:
    calls = [
        subprocess.Popen([sys.executable, "-c", OPEN_AT_ONCE], cwd=tmp_path, stderr=subprocess.PIPE) for _ in range(3)
    ]
    messages = [call.communicate(timeout=300)[1] for call in calls]
    assert [call.returncode for call in calls] == [0, 0, 0], messages
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as database:  # prepared once, and whole
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert len(database.execute("SELECT * FROM alembic_version").fetchall()) == 1
        names = database.execute("SELECT name FROM experiments ORDER BY name").fetchall()
    assert names == [("Default",), ("meshsight",)]


def test_the_environment_names_experiment_and_run(tmp_path: Path, make_spec, monkeypatch: pytest.MonkeyPatch) -> None:
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "pallets")
    monkeypatch.setenv("MLFLOW_RUN_NAME", "third try")
    monkeypatch.setenv("MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING", "false")
    tracker = open_tracker(parse_tracker("mlflow"), is_required=True)
    assert tracker is not None
    for event in events(tmp_path / "run", make_spec()):
        tracker.record(event)
    client = mlflow_tracking.MlflowClient(uri)
    (found,) = client.search_runs([client.get_experiment_by_name("pallets").experiment_id])
    assert found.info.run_name == "third try"
    assert not [name for name in found.data.metrics if name.startswith("system/")]


def test_tensorboard_files_hold_scalars_and_pictures(tmp_path: Path, make_spec) -> None:
    """Read by a parser of their own."""
    tracker = open_tracker(parse_tracker("tensorboard"), is_required=True)
    assert tracker is not None
    for event in events(tmp_path / "run", make_spec()):
        tracker.record(event)
    (path,) = (tmp_path / "run" / "tensorboard").iterdir()
    assert ".tfevents." in path.name
    records = list(read_records(path))
    assert records[0].endswith(b"brain.Event:2")
    scalars, pictures = {}, {}
    for record in records[1:]:
        event = dict(_fields(memoryview(record)))
        step = event.get(2, 0)
        for number, value in _fields(event[5]):
            fields = dict(_fields(value))
            tag = bytes(fields[1]).decode()
            assert number == 1
            if 2 in fields:
                scalars[tag, step] = struct.unpack("<f", fields[2].to_bytes(4, "little"))[0]
            else:
                image = dict(_fields(fields[4]))
                pictures[tag] = (image[1], image[2], image[3], bytes(image[4])[:4])
    assert scalars["train/loss", 10] == 5.5
    assert scalars["train/loss", 20] == 15.5
    assert scalars["real photos!/ap50", 20] == 0.5
    assert scalars["gap/renders - real photos!", 20] == 0.25
    assert pictures == {"first_batch": (4, 6, 3, b"\x89PNG")}


def test_tensorboards_own_reader_agrees(tmp_path: Path, make_spec) -> None:
    tracker = open_tracker(parse_tracker("tensorboard"), is_required=True)
    assert tracker is not None
    for event in events(tmp_path / "run", make_spec()):
        tracker.record(event)
    found = EventAccumulator(str(tmp_path / "run" / "tensorboard")).Reload()
    assert found.file_version == 2.0
    tags = found.Tags()
    assert tags["images"] == ["first_batch"]
    assert set(tags["scalars"]) >= {"train/loss", "train/loss_box", "real photos!/ap50", "gap/renders - real photos!"}
    assert [(one.step, one.value) for one in found.Scalars("train/loss")] == [(10, 5.5), (20, 15.5)]
    assert [(one.step, one.value) for one in found.Scalars("real photos!/ap50")] == [(20, 0.5)]
    (picture,) = found.Images("first_batch")
    assert (picture.height, picture.width) == (4, 6)
    assert picture.encoded_image_string == (tmp_path / "run" / "first_batch.png").read_bytes()


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
        assert dying.num_seen == 3  # the start, a picture and one step
    assert caplog.text.count("training goes on without dying") == 2


def test_a_required_tracker_that_fails_at_the_start_ends_the_run(tmp_path: Path, make_spec) -> None:
    guarded = GuardedTracker(Dying(TrainingStarted), "dying", is_required=True)
    with pytest.raises(TrainingError, match="refuses the run: gone"):
        guarded.record(next(events(tmp_path / "run", make_spec())))


def test_tracker_names_are_checked() -> None:
    assert parse_tracker("mlflow=http://h:5000/a=b").model_dump()["uri"] == "http://h:5000/a=b"
    with pytest.raises(CallError, match="did you mean 'mlflow'"):
        parse_tracker("mlfow")
