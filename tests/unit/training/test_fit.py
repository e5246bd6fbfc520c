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
from meshsight.training.events import Event, GapMeasured, StepDone, TrainingEnded, TrainingStarted, Validated
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


def run_on(spec: TrainSpec, out: Path, data: tuple[Dataset, ...], val: tuple[Dataset, ...], **more: object) -> Recorder:
    recorder = Recorder()
    request = TrainingRequest(spec=spec, data=data, validation=val, out=out, resources=ONE_THREAD, **more)
    fit(request, [recorder], recorder)
    return recorder


def test_sources_have_their_losses_and_validation_sets_their_gaps(tmp_path: Path, make_dataset, make_spec) -> None:
    renders, photos = make_dataset("renders"), make_dataset("photos", num=4, seed=1)
    held, real = make_dataset("held", num=3, seed=2), make_dataset("real", num=3, seed=3)
    data = {"mix": {"start": {"renders": 3, "photos": 1}}, "source_losses_every": 2}
    spec = make_spec(data=data, validation={"every_steps": 2, "best_on": "real"})
    recorder = run_on(spec, tmp_path / "run", (renders, photos), (held, real))
    by_source = [step.source_losses for step in recorder.of(StepDone)]
    assert [set(losses) for losses in by_source] == [{"renders", "photos"}, set()] * 4
    assert all(value > 0 for losses in by_source for value in losses.values())
    gaps = recorder.of(GapMeasured)
    assert [(gap.step, gap.data, gap.other) for gap in gaps] == [(step, "held", "real") for step in (2, 4, 6, 8)]
    assert {event.data for event in recorder.of(Validated) if event.is_best} == {"real"}
    manifest = read_manifest(RunFiles(tmp_path / "run"))
    assert manifest.best is not None
    assert manifest.best.data == "real"
    assert manifest.gaps == {"real": gaps[-1].gap}
    told = [line for line in read_metrics(RunFiles(tmp_path / "run").metrics) if line["event"] == "gap"]
    assert [line["gap"] for line in told] == [gap.gap for gap in gaps]

    plain = run_on(make_spec(), tmp_path / "plain", (renders,), ())
    assert all(step.source_losses == {} for step in plain.of(StepDone))


def test_measuring_sources_changes_nothing(tmp_path: Path, make_dataset, make_spec) -> None:
    data = (make_dataset("a"), make_dataset("b", num=4, seed=1))
    often, never = (
        run_on(make_spec(steps=4, data={"source_losses_every": every}), tmp_path / str(every), data, ())
        for every in (1, 1000)
    )
    assert [step.loss for step in often.of(StepDone)] == [step.loss for step in never.of(StepDone)]


def test_the_worst_set_can_decide(tmp_path: Path, make_dataset, make_spec) -> None:
    spec = make_spec(steps=3, validation={"every_steps": 1, "best_on": "worst"})
    vals = (make_dataset("a", num=2, seed=1), make_dataset("b", num=2, seed=2))
    recorder = run_on(spec, tmp_path / "run", (make_dataset(),), vals)
    first = [event for event in recorder.of(Validated) if event.step == 1]
    (best,) = [event for event in first if event.is_best]
    assert (best.figures["ap"] or 0) == min(event.figures["ap"] or 0 for event in first)
    with pytest.raises(SpecError, match="no validation set is called 'c'; there are a, b"):
        run_on(make_spec(validation={"best_on": "c"}), tmp_path / "other", (make_dataset(),), vals)


def test_a_short_test_of_rates_warns_and_leaves_the_run_alone(tmp_path: Path, make_dataset, make_spec, caplog) -> None:
    data = (make_dataset(),)
    plain = run_on(make_spec(steps=3), tmp_path / "plain", data, ())
    checked = run_on(make_spec(steps=3), tmp_path / "checked", data, (), is_rate_checked=True)
    assert [step.loss for step in checked.of(StepDone)] == [step.loss for step in plain.of(StepDone)]
    found = read_manifest(RunFiles(tmp_path / "checked")).rate_check
    assert found is not None
    assert found.rates == tuple(sorted(found.rates))
    assert found.suggested <= found.highest_stable
    wild = make_spec(steps=3, optimiser={"kind": "sgd", "learning_rate": 1e4}, clip_norm=None)
    with caplog.at_level("WARNING"):
        run_on(wild, tmp_path / "wild", data, (), is_rate_checked=True)
    assert "became unstable above" in caplog.text


@pytest.mark.parametrize("augmentation", [{"mosaic": {}, "mixup": {}, "plain_end": 0.4}, {"multi_scale": {}}])
def test_mosaics_and_sizes_resume_to_the_same_losses(tmp_path: Path, make_dataset, make_spec, augmentation) -> None:
    if "multi_scale" in augmentation:
        augmentation = {"multi_scale": {"low": 64, "high": 96, "step": 32, "every": 2}}
    data = make_dataset()
    spec = make_spec(
        steps=7,
        accumulate=2,
        ema_ramp=5.0,
        augmentation=augmentation,
        data={"group_by_aspect": True, "sampling": "class_balanced"},
    )
    run(spec, tmp_path / "whole", data)
    for stop_after in (2, 3):
        run(spec, tmp_path / "pieces", data, stop_after=stop_after, is_resumed=True)
    run(spec, tmp_path / "pieces", data, is_resumed=True)
    assert told(tmp_path / "pieces") == told(tmp_path / "whole")
    one, other = (RunFiles(tmp_path / name).weights.read_bytes() for name in ("whole", "pieces"))
    assert one == other


def test_float16_scales_its_loss_and_resumes(tmp_path: Path, make_dataset, make_spec) -> None:
    data = make_dataset()
    spec = make_spec(precision="float16", steps=5)
    run(spec, tmp_path / "whole", data)
    run(spec, tmp_path / "pieces", data, stop_after=2, is_resumed=True)
    assert read_state(RunFiles(tmp_path / "pieces").last).scaler is not None
    run(spec, tmp_path / "pieces", data, is_resumed=True)
    assert told(tmp_path / "pieces") == told(tmp_path / "whole")


def test_effective_settings_are_kept(tmp_path: Path, make_dataset, make_spec) -> None:
    optimiser = {"kind": "sgd", "learning_rate": 0.01, "base_batch_size": 16}
    spec = make_spec(
        steps=None,
        epochs=2,
        optimiser=optimiser,
        accumulate=2,
        warm_up={"epochs": 0.5},
        freeze=("backbone.stages.0",),
        schedule={"kind": "steps", "at": (1,), "unit": "epochs"},
        augmentation={"plain_end": 0.5},
    )
    run_on(spec, tmp_path / "run", (make_dataset(),), ())
    settings = read_manifest(RunFiles(tmp_path / "run")).effective
    assert settings is not None
    assert (settings.images_a_step, settings.steps_per_epoch, settings.epochs) == (8, 1.5, 2)
    assert settings.learning_rate == pytest.approx(0.005)
    assert (settings.warm_up_steps, settings.drops_at, settings.plain_from_step) == (0.75, (1.5,), 2)
    assert settings.num_frozen > 0
    assert len(settings.groups) == 2
