"""Whole small runs: resume, stopping, best and kept weights, divergence."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from meshsight.core.errors import ArtifactError, CallError, DataError, SpecError, TrainingError
from meshsight.core.images import read_image
from meshsight.evaluation.evaluate import headline_metrics
from meshsight.models.weights import save_weights
from meshsight.records.dataset import Dataset
from meshsight.specs.training import TrainSpec
from meshsight.training.checkpoint import read_state
from meshsight.training.events import Event, StepDone, TrainingEnded, TrainingStarted, Validated
from meshsight.training.fit import Resources, TrainingRequest, fit
from meshsight.training.metrics import read_metrics
from meshsight.training.run import load_detector
from meshsight.training.run_folder import RunFiles, RunManifest, read_manifest

ONE_THREAD = Resources(device="cpu", threads=1)


class Recorder:
    """Remembers events, and asks to stop after a number of steps."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.events: list[Event] = []
        self.stop_after = stop_after

    def record(self, event: Event) -> None:
        self.events.append(event)

    def of(self, kind: type) -> list:
        return [event for event in self.events if isinstance(event, kind)]

    def __call__(self) -> bool:
        return self.stop_after is not None and len(self.of(StepDone)) >= self.stop_after


def run(
    spec: TrainSpec,
    out: Path,
    data: Dataset,
    val: Dataset | None = None,
    *,
    stop_after: int | None = None,
    is_resumed: bool = False,
) -> tuple[RunManifest, Recorder]:
    recorder = Recorder(stop_after)
    request = TrainingRequest(
        spec=spec,
        data=(data,),
        validation=() if val is None else (val,),
        out=out,
        is_resumed=is_resumed,
        resources=ONE_THREAD,
    )
    return fit(request, [recorder], recorder), recorder


def told(out: Path) -> list[tuple]:
    """Everything in metrics.jsonl that must not depend on interruptions."""
    return [
        (line["event"], line["step"], line.get("loss"), line.get("losses"), line.get("learning_rate"), line.get("ap"))
        for line in read_metrics(RunFiles(out).metrics)
        if line["event"] != "ended"
    ]


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_resumed_run_equals_an_unbroken_one_to_the_last_digit(
    tmp_path: Path, make_dataset, make_spec: Callable[..., TrainSpec], precision: str
) -> None:
    data, val = make_dataset(), make_dataset("val", num=4, seed=1)
    spec = make_spec(
        precision=precision, steps=9, accumulate=2, validation={"every_steps": 4}, schedule={"kind": "plateau"}
    )
    run(spec, tmp_path / "whole", data, val)
    pieces = tmp_path / "pieces"
    for stop_after in (3, 1, 4):  # in mid-epoch, on a validation's step, and one step before the end
        manifest, _ = run(spec, pieces, data, val, stop_after=stop_after, is_resumed=True)
        assert manifest.status == "stopped"
    manifest, _ = run(spec, pieces, data, val, is_resumed=True)
    assert (manifest.status, manifest.step) == ("finished", 9)
    assert told(pieces) == told(tmp_path / "whole")
    assert [line[1] for line in told(pieces) if line[0] == "step"] == list(range(1, 10))
    assert RunFiles(pieces).weights.read_bytes() == RunFiles(tmp_path / "whole").weights.read_bytes()
    one, other = (read_state(RunFiles(folder).last) for folder in (pieces, tmp_path / "whole"))
    assert one.progress == other.progress
    for part in ("network", "average", "optimiser", "random"):
        torch.testing.assert_close(getattr(one, part), getattr(other, part), rtol=0, atol=0)
    assert manifest.best == read_manifest(RunFiles(tmp_path / "whole")).best


def test_stopping_during_a_validation_repeats_it_on_resume(tmp_path: Path, make_dataset, make_spec) -> None:
    data, val = make_dataset(), make_dataset("val", num=4, seed=1)
    spec = make_spec(steps=4, validation={"every_steps": 2})
    run(spec, tmp_path / "whole", data, val)

    class InValidation(Recorder):
        calls_after_step = 0

        def __call__(self) -> bool:
            # The loop asks once before it settles step 2; the next question comes from the validation.
            self.calls_after_step += len(self.of(StepDone)) == 2 or self.calls_after_step > 0
            return self.calls_after_step >= 1

    recorder = InValidation()
    request = TrainingRequest(spec=spec, data=(data,), validation=(val,), out=tmp_path / "broken", resources=ONE_THREAD)
    assert fit(request, [recorder], recorder).status == "stopped"
    assert recorder.of(StepDone)[-1].step == 2
    assert recorder.of(Validated) == []
    run(spec, tmp_path / "broken", data, val, is_resumed=True)
    assert told(tmp_path / "broken") == told(tmp_path / "whole")


def test_a_killed_process_loses_only_what_came_after_its_checkpoint(tmp_path: Path, make_dataset, make_spec) -> None:
    """What a kill -9 leaves: metrics beyond the last state, a torn line, no last words."""
    data = make_dataset()
    spec = make_spec(steps=6, checkpoints={"every_steps": 2})
    run(spec, tmp_path / "whole", data)
    out = tmp_path / "killed"
    run(spec, out, data, stop_after=2)
    lines = RunFiles(tmp_path / "whole").metrics.read_text().splitlines()
    RunFiles(out).metrics.write_text("\n".join([*lines[:3], lines[3][:40]]))
    run(spec, out, data, is_resumed=True)
    assert told(out) == told(tmp_path / "whole")


def test_without_resume_a_run_is_never_overwritten(tmp_path: Path, make_dataset, make_spec) -> None:
    run(make_spec(steps=3), tmp_path / "run", make_dataset())
    with pytest.raises(CallError, match="holds a run already"):
        run(make_spec(steps=3), tmp_path / "run", make_dataset())


def test_a_finished_run_can_be_extended_and_is_otherwise_left_alone(tmp_path: Path, make_dataset, make_spec) -> None:
    data, out = make_dataset(), tmp_path / "run"
    run(make_spec(steps=3), out, data)
    weights = RunFiles(out).weights.read_bytes()
    manifest, recorder = run(make_spec(steps=3), out, data, is_resumed=True)
    assert (manifest.status, recorder.of(StepDone)) == ("finished", [])
    assert RunFiles(out).weights.read_bytes() == weights
    manifest, recorder = run(make_spec(steps=5), out, data, is_resumed=True)
    assert [event.step for event in recorder.of(StepDone)] == [4, 5]
    assert manifest.num_steps == manifest.step == 5


@pytest.mark.parametrize(
    ("changes", "message"), [({"batch_size": 2}, "batch_size"), ({"seed": 5, "min_visibility": 0.1}, "min_visib.*seed")]
)
def test_another_recipe_does_not_continue_a_run(tmp_path: Path, make_dataset, make_spec, changes, message) -> None:
    data, out = make_dataset(), tmp_path / "run"
    run(make_spec(), out, data, stop_after=3)
    with pytest.raises(TrainingError, match=f"differs .* in {message}"):
        run(make_spec(**changes), out, data, is_resumed=True)
    with pytest.raises(TrainingError, match="data are not those"):
        run(make_spec(), out, make_dataset("other", seed=9), is_resumed=True)


def test_resume_on_an_absent_folder_starts(tmp_path: Path, make_dataset, make_spec) -> None:
    manifest, _ = run(make_spec(steps=3), tmp_path / "new", make_dataset(), is_resumed=True)
    assert manifest.status == "finished"


def test_the_manifest_tells_what_was_done_and_on_what(tmp_path: Path, make_dataset, make_spec) -> None:
    spec, out = make_spec(steps=4), tmp_path / "run"
    manifest, recorder = run(spec, out, make_dataset(), make_dataset("val", num=3, seed=1))
    assert read_manifest(RunFiles(out)) == manifest
    assert manifest.spec == spec
    assert manifest.classes == ("red", "green")
    assert [(source.name, source.num_images) for source in (*manifest.data, *manifest.validation)] == [
        ("toy", 12),
        ("val", 3),
    ]
    assert manifest.machine.precision == "float32"
    assert manifest.machine.threads == 1
    assert manifest.versions["torch"] == torch.__version__.split("+")[0]
    assert manifest.cpu_seconds > 0
    assert manifest.data_wait_share is not None
    assert 0 <= manifest.data_wait_share < 1
    assert isinstance(recorder.events[0], TrainingStarted)
    assert isinstance(recorder.events[-1], TrainingEnded)
    assert all(json.loads(line)["event"] for line in RunFiles(out).metrics.read_text().splitlines())


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"input_hw": (64, 90)}, SpecError, r"stride 32; \[64, 64\] or \[96, 96\] would work"),
        ({"warm_up": {"steps": 8}}, SpecError, "the run has only 8 steps"),
        ({"classes": ("red", "blue")}, DataError, "missing here: blue; not in the recipe: green"),
        ({"classes": ("green", "red")}, DataError, "another order"),
        ({"schedule": {"kind": "plateau"}}, SpecError, "need a validation set"),
        ({"validation": {"patience": 2}}, SpecError, "need a validation set"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_written(
    tmp_path: Path, make_dataset, make_spec, changes: dict, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        run(make_spec(**changes), tmp_path / "run", make_dataset())
    assert not (tmp_path / "run").exists()


def test_data_without_objects_are_refused(tmp_path: Path, make_dataset, make_spec) -> None:
    full = make_dataset()
    samples = [replace(sample, objects=()) for sample in full.samples()]
    empty = replace(full, samples=lambda: iter(samples), name="empty")
    with pytest.raises(DataError, match="12 training images have no object"):
        run(make_spec(), tmp_path / "run", empty)
    with pytest.raises(DataError, match="validation set empty: 12 images and no object"):
        run(make_spec(), tmp_path / "run", full, empty)
    with pytest.raises(DataError, match=r"its classes .* are not those of the training data"):
        run(make_spec(), tmp_path / "run", full, replace(full, classes=("a", "b")))


def test_a_truncated_image_fails_the_run_and_says_which(tmp_path: Path, make_dataset, make_spec) -> None:
    data = make_dataset()
    bad = data.root / "images" / "0003.png"
    bad.write_bytes(bad.read_bytes()[:100])
    with pytest.raises(DataError, match=r"0003\.png"):
        run(make_spec(), tmp_path / "run", data)
    manifest = read_manifest(RunFiles(tmp_path / "run"))
    assert manifest.status == "failed"
    assert "0003.png" in manifest.message


def test_the_loaded_run_predicts_what_validation_measured(tmp_path: Path, make_dataset, make_spec) -> None:
    val = make_dataset("val", num=4, seed=1)
    _, recorder = run(make_spec(steps=6, validation={"every_steps": 6}), tmp_path / "run", make_dataset(), val)
    detector = load_detector(tmp_path / "run", "cpu")
    samples = list(val.samples())
    found = detector.predict([read_image(val.root / sample.image) for sample in samples])
    headline = headline_metrics(samples, found, val.classes, 0.25)
    (validated,) = recorder.of(Validated)
    assert (headline.ap, headline.ap50) == (validated.figures["ap"], validated.figures["ap50"])
    assert detector.classes == ("red", "green")
    save_weights(RunFiles(tmp_path / "run").weights, detector.network, ("green", "red"))
    with pytest.raises(ArtifactError, match="weights of the classes green, red; the run has red, green"):
        load_detector(tmp_path / "run", "cpu")


def test_what_is_no_run_cannot_be_loaded(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="no run here"):
        load_detector(tmp_path)
    (tmp_path / "run.json").write_text('{"version": 2}')
    with pytest.raises(ArtifactError, match="not the manifest of a run: version"):
        load_detector(tmp_path)
