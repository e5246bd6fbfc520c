"""The loop on a network of two weights, where every number can be reckoned."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from meshsight.core.errors import TrainingError
from meshsight.models.batch import Targets
from meshsight.models.detector import Candidates, Detector
from meshsight.models.weights import load_weights
from meshsight.records.dataset import Dataset
from meshsight.specs.decoding import DecodeSpec
from meshsight.specs.training import TrainSpec
from meshsight.training.batches import BatchSource
from meshsight.training.checkpoint import read_state
from meshsight.training.events import Event, StepDone, Validated
from meshsight.training.images import ImageStore
from meshsight.training.labels import read_labels
from meshsight.training.loop import LoopInputs, TrainingLoop
from meshsight.training.precision import find_machine
from meshsight.training.run_folder import RunFiles
from meshsight.training.validation import read_validation_set

CPU = torch.device("cpu")


class Raw(NamedTuple):
    brightness: Tensor


class Brightness(Detector):
    """Guesses an image's mean red from its mean green; finds nothing. No batch statistics."""

    stride = 32
    num_classes = 2
    decode_spec = DecodeSpec()

    def __init__(self, poisoned_at: int | None = None) -> None:
        super().__init__()
        self.guess = nn.Linear(1, 1)
        self.calls = 0
        self.poisoned_at = poisoned_at

    def forward(self, images: Tensor, targets: Targets | None = None) -> Raw:
        means = images.mean(dim=(2, 3)) / 255
        return Raw((self.guess(means[:, 1:2]) - means[:, :1]).square())

    def loss(self, raw: Raw, targets: Targets, size_hw: tuple[int, int]) -> dict[str, Tensor]:
        self.calls += self.training
        scale = math.nan if self.calls == self.poisoned_at else 1.0
        return {"fit": raw.brightness.mean() * scale, "more": 0 * raw.brightness.sum()}

    def decode(self, raw: Raw, size_hw: tuple[int, int]) -> Candidates:
        count = len(raw.brightness)
        return Candidates(torch.zeros(count, 1, 4), torch.zeros(count, 1), torch.zeros(count, 1, dtype=torch.int64))


def make_loop(
    spec: TrainSpec,
    data: Dataset,
    out: Path,
    emit: Callable[[Event], None],
    network: Detector,
    val: Dataset | None = None,
) -> TrainingLoop:
    images = ImageStore(1 << 30)
    assert spec.steps is not None
    source = BatchSource(
        labels=read_labels([data], 0.0),
        images=images,
        augmentation=spec.augmentation,
        input_hw=spec.input_hw,
        batch_size=spec.batch_size,
        num_batches=spec.steps * spec.accumulate,
        seed=0,
    )
    inputs = LoopInputs(
        spec=spec,
        classes=("cube",),
        num_steps=spec.steps,
        source=source,
        validation=() if val is None else (read_validation_set(val, images, 0.0),),
        machine=find_machine("float32", CPU, network),
        files=RunFiles(out),
        workers=0,
        emit=emit,
        should_stop=lambda: False,
    )
    return TrainingLoop(inputs, network)


@pytest.fixture
def network() -> Brightness:
    torch.manual_seed(0)
    return Brightness()


def steps_of(events: list[Event]) -> list[StepDone]:
    return [event for event in events if isinstance(event, StepDone)]


def test_accumulated_batches_equal_one_large_batch(tmp_path: Path, make_dataset, make_spec) -> None:
    losses: dict[int, list[float]] = {}
    for accumulate in (1, 2, 4):
        torch.manual_seed(0)
        events: list[Event] = []
        lengths = {"steps": 6, "batch_size": 12 // accumulate, "accumulate": accumulate}
        spec = make_spec(**lengths, warm_up={"steps": 0}, optimiser={"kind": "adamw", "learning_rate": 0.05})
        make_loop(spec, make_dataset(), tmp_path / str(accumulate), events.append, Brightness()).run()
        losses[accumulate] = [step.loss for step in steps_of(events)]
    np.testing.assert_allclose(losses[2], losses[1], rtol=1e-5)
    np.testing.assert_allclose(losses[4], losses[1], rtol=1e-5)
    assert len(set(losses[1])) == 6


def test_a_loss_that_is_no_number_stops_the_run_and_keeps_the_last_good_state(
    tmp_path: Path, make_dataset, make_spec
) -> None:
    events: list[Event] = []
    spec = make_spec(steps=10, checkpoints={"every_steps": 2})
    loop = make_loop(spec, make_dataset(), tmp_path, events.append, Brightness(poisoned_at=6))
    with pytest.raises(TrainingError, match=r"step 6: the loss is no finite number \(fit nan, more .* learning rate"):
        loop.run()
    assert steps_of(events)[-1].step == 5
    state = read_state(RunFiles(tmp_path).last)
    assert state.step == 4
    assert all(torch.isfinite(tensor).all() for tensor in state.network.values())


def test_early_stopping_counts_validations_without_a_better_one(tmp_path, make_dataset, make_spec, network) -> None:
    events: list[Event] = []
    spec = make_spec(steps=50, validation={"every_steps": 3, "patience": 2})
    loop = make_loop(spec, make_dataset(), tmp_path, events.append, network, make_dataset("val", num=2))
    assert loop.run()
    validated = [event for event in events if isinstance(event, Validated)]
    assert [(event.step, event.is_best) for event in validated] == [(3, True), (6, False), (9, False)]
    assert loop.step == 9


def test_the_learning_rate_drops_on_a_plateau(tmp_path, make_dataset, make_spec, network) -> None:
    events: list[Event] = []
    spec = make_spec(
        steps=8,
        validation={"every_steps": 1},
        warm_up={"steps": 0},
        schedule={"kind": "plateau", "patience": 2, "factor": 0.1},
        optimiser={"kind": "sgd", "learning_rate": 1.0},
    )
    make_loop(spec, make_dataset(), tmp_path, events.append, network, make_dataset("val", num=2)).run()
    rates = [step.learning_rate for step in steps_of(events)]
    assert rates == pytest.approx([1, 1, 1, 0.1, 0.1, 0.01, 0.01, 0.001])


def test_without_validation_the_newest_average_is_kept_and_copies_stay_bounded(
    tmp_path, make_dataset, make_spec, network
) -> None:
    spec = make_spec(steps=9, checkpoints={"keep_every_steps": 2, "keep_at_most": 2})
    loop = make_loop(spec, make_dataset(), tmp_path, lambda event: None, network)
    assert loop.run()
    files = RunFiles(tmp_path)
    kept = sorted(files.last.parent.glob("step_*"))
    assert [path.name for path in kept] == ["step_00000006.safetensors", "step_00000008.safetensors"]
    state = read_state(files.last)
    assert state.step == 9
    assert state.average is not None
    assert not torch.equal(state.average["guess.weight"], state.network["guess.weight"])
    loaded = Brightness()
    load_weights(files.weights, loaded)
    assert torch.equal(loaded.guess.weight, state.average["guess.weight"])


def test_gradients_are_clipped_to_the_norm(tmp_path, make_dataset, make_spec) -> None:
    """With plain descent the step's length is learning rate times the clipped norm."""
    torch.manual_seed(0)
    network = Brightness()
    before = torch.cat([parameter.detach().clone().flatten() for parameter in network.parameters()])
    events: list[Event] = []
    spec = make_spec(
        steps=1,
        warm_up={"steps": 0},
        clip_norm=1e-3,
        optimiser={"kind": "sgd", "learning_rate": 0.5, "momentum": 0, "weight_decay": 0},
        schedule={"kind": "steps"},
    )
    make_loop(spec, make_dataset(), tmp_path, events.append, network).run()
    after = torch.cat([parameter.detach().flatten() for parameter in network.parameters()])
    assert steps_of(events)[0].grad_norm > 1e-2
    assert float((after - before).norm()) == pytest.approx(0.5 * 1e-3, rel=1e-3)
