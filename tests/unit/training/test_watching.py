"""What a run tells, and what it listens to: signals, metrics, progress, the manifest."""

import json
import os
import signal
import threading
from pathlib import Path

import pytest

from meshsight.core.errors import ArtifactError
from meshsight.training.events import StepDone, TrainingEnded, TrainingStarted, Validated
from meshsight.training.metrics import MetricsFile, read_metrics
from meshsight.training.precision import MachineFacts
from meshsight.training.progress import ProgressBar
from meshsight.training.sample import BoxCounts
from meshsight.training.stopping import StopRequest


def started(run: Path, spec, first_step: int = 0) -> TrainingStarted:
    machine = MachineFacts(
        device="cpu",
        device_name="a processor",
        precision="bfloat16",
        precision_reason="native on this processor",
        channels_last=True,
        threads=2,
        torch="2",
    )
    return TrainingStarted(run=run, spec=spec, classes=("a",), machine=machine, first_step=first_step, num_steps=9)


def step_done(step: int) -> StepDone:
    return StepDone(
        step=step,
        epoch=0.1,
        loss=0.1 + step,
        losses={"box": 0.1 + step},
        learning_rate=0.001,
        grad_norm=1.0,
        seconds=0.5,
        data_wait=0.01,
        cpu_seconds=1.0,
        objects=BoxCounts(asked=7, cut=2),
    )


VALIDATED = Validated(
    step=2, data="val", figures={"ap": 0.25, "ap50": 0.5, "ap75": None}, loss=1.0, seconds=1.0, is_best=True
)


def test_the_first_signal_is_remembered_and_the_old_handlers_come_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with StopRequest() as stop:
        assert not stop()
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop()
        assert stop.signal_name == "SIGTERM"
        assert signal.getsignal(signal.SIGINT) == signal.SIG_DFL  # a second one ends the program
    assert signal.getsignal(signal.SIGTERM) == before


def test_outside_the_main_thread_there_is_nothing_to_listen_to() -> None:
    answers: list[bool] = []

    def work() -> None:
        with StopRequest() as stop:
            answers.append(stop())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert answers == [False]


def test_metrics_come_back_as_written_and_are_cut_back_on_resume(tmp_path: Path, make_spec) -> None:
    path = tmp_path / "metrics.jsonl"
    metrics = MetricsFile(path)
    for event in (started(tmp_path, make_spec()), step_done(1), step_done(2), VALIDATED, step_done(3)):
        metrics.record(event)
    metrics.record(TrainingEnded(status="failed", step=3, message="power cut"))
    lines = list(read_metrics(path))
    assert [(line["event"], line["step"]) for line in lines] == [
        ("step", 1),
        ("step", 2),
        ("validation", 2),
        ("step", 3),
        ("ended", 3),
    ]
    assert lines[0]["loss"] == step_done(1).loss
    assert lines[0]["objects"] == {"asked": 7, "ignored": 0, "cut": 2, "tiny": 0, "outside": 0}
    with path.open("a") as file:
        file.write('{"event":"st')
    MetricsFile(path).record(started(tmp_path, make_spec(), first_step=2))
    assert [json.loads(text) for text in path.read_text().splitlines()] == lines[:3]


def test_a_damaged_line_in_the_middle_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"event":"step"}\n{"eve\n{"event":"step"}\n')
    with pytest.raises(ArtifactError, match=r"metrics\.jsonl:2: no JSON"):
        list(read_metrics(path))
    assert list(read_metrics(tmp_path / "absent")) == []


def test_people_read_the_settings_each_validation_and_the_end(
    tmp_path: Path, make_spec, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture
) -> None:
    caplog.set_level("INFO", "meshsight")
    bar = ProgressBar()
    ending = TrainingEnded(status="finished", step=9, message="all 9 steps done")
    for event in (started(tmp_path, make_spec(), 1), step_done(2), VALIDATED, ending):
        bar.record(event)
    assert caplog.messages == [
        "1 classes, input 64x64, 9 steps of 4 images, adamw at 0.001",
        "cpu (a processor), bfloat16 (native on this processor), channels last, 2 threads",
        "resumed after step 1",
        "step 2, val: AP 0.250, AP50 0.500, AP75 -, loss 1.000 (best)",
        "finished: all 9 steps done",
    ]
    assert capsys.readouterr() == ("", "")  # no bar where there is no terminal
