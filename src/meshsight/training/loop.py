"""The training loop: batches in, better weights out, every number told to whoever listens."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from meshsight.core.errors import TrainingError
from meshsight.models.learner import Learner
from meshsight.models.weights import save_weights
from meshsight.specs.learning import AnyTrainSpec
from meshsight.training.batches import Prefetcher
from meshsight.training.checkpoint import (
    TrainingState,
    delete_oldest,
    random_state,
    restore_random,
    write_state,
)
from meshsight.training.ema import WeightAverage
from meshsight.training.events import Event, StepDone, Validated
from meshsight.training.held_out import HeldOut, Measured, Source
from meshsight.training.optimiser import build_optimiser, set_learning_rate
from meshsight.training.precision import MachineFacts, place
from meshsight.training.run_folder import RunFiles
from meshsight.training.sample import BoxCounts
from meshsight.training.schedule import Progress, RunLength, after_validation, learning_rate_factor

STEPS_BETWEEN_READINGS_ON_GPU = 20
"""Reading a loss makes the program wait for the GPU, so it is done for several steps at once."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LoopInputs:
    """What the loop needs and does not change.

    Attributes:
        spec: the recipe.
        classes: their names, which the weights carry.
        num_steps: length of the run.
        source: batches.
        validation: sets to measure on; the first one decides what is best.
        machine: precision and device.
        files: where weights and state go.
        workers: threads that make batches.
        emit: told every event.
        should_stop: asked at each step, and at each batch of a validation.
    """

    spec: AnyTrainSpec
    classes: tuple[str, ...]
    num_steps: int
    source: Source
    validation: tuple[HeldOut, ...]
    machine: MachineFacts
    files: RunFiles
    workers: int
    emit: Callable[[Event], None]
    should_stop: Callable[[], bool]


class _UnreadStep(NamedTuple):
    """A step whose losses are still on the device."""

    step: int
    losses: dict[str, Tensor]
    grad_norm: Tensor
    learning_rate: float
    seconds: float
    data_wait: float
    cpu_seconds: float
    objects: BoxCounts


class TrainingLoop:
    """A run in progress.

    Attributes:
        step: optimiser steps done.
        progress: what the validations amount to.
    """

    def __init__(self, inputs: LoopInputs, network: Learner):
        self._in = inputs
        self._device = torch.device(inputs.machine.device)
        self._network = place(network, self._device).train()
        spec = inputs.spec
        self._average = None if spec.ema_decay is None else WeightAverage(self._network, spec.ema_decay, spec.ema_ramp)
        self._optimiser = build_optimiser(spec.optimiser, self._network)
        self._parameters = [part for part in self._network.parameters() if part.requires_grad]
        images_a_step = spec.batch_size * spec.accumulate
        self._length = RunLength(num_steps=inputs.num_steps, steps_per_epoch=len(inputs.source.labels) / images_a_step)
        self._unread: list[_UnreadStep] = []
        self._settled = 0
        self.step = 0
        self.progress = Progress()

    def restore(self, state: TrainingState) -> None:
        """Continues from a state written earlier."""
        self._network.load_state_dict(state.network)
        if self._average is not None and state.average is not None:
            self._average.network.load_state_dict(state.average)
        self._optimiser.load_state_dict(state.optimiser)
        restore_random(state.random, self._device)
        self.step, self.progress = state.step, state.progress

    def run(self) -> bool:
        """Trains to the end, or until told to stop; the state is on disk either way.

        Returns:
            Whether it got to the end, early stopping included.

        Raises:
            TrainingError: a loss is no finite number; the last good state stays on disk.
            ImageError: an image is missing or truncated.
            StorageError: a checkpoint cannot be written.
        """
        accumulate, num_steps = self._in.spec.accumulate, self._in.num_steps
        prefetcher = Prefetcher(self._in.source, self._in.workers)
        with closing(prefetcher.batches(self.step * accumulate, num_steps * accumulate)) as batches:
            while not self._in.should_stop():
                if not self._settle():
                    break
                if self.step >= num_steps or self._is_stale():
                    return True
                self._advance(batches)
        self._read_losses()
        self._save()
        return False

    def _advance(self, batches: Iterator[tuple[Any, BoxCounts]]) -> None:
        """Does one optimiser step."""
        spec, began, waited = self._in.spec, time.perf_counter(), 0.0
        factor = learning_rate_factor(spec.schedule, spec.warm_up, self.step, self._length, self.progress.num_drops)
        rate = set_learning_rate(self._optimiser, factor)
        self._network.set_progress(self.step / self._in.num_steps)
        sums: dict[str, Tensor] = {}
        objects = BoxCounts()
        for _ in range(spec.accumulate):
            asked = time.perf_counter()
            batch, counts = next(batches)
            waited += time.perf_counter() - asked
            objects = objects.plus(counts)
            for name, term in self._backward(batch).items():
                sums[name] = sums.get(name, 0) + term.detach() / spec.accumulate
        norm = torch.nn.utils.clip_grad_norm_(self._parameters, spec.clip_norm or math.inf)
        self._optimiser.step()
        self._optimiser.zero_grad(set_to_none=True)
        if self._average is not None:
            self._average.update(self.step)
        self.step += 1
        seconds = time.perf_counter() - began
        self._unread.append(_UnreadStep(self.step, sums, norm, rate, seconds, waited, time.process_time(), objects))
        if self._device.type == "cpu" or len(self._unread) >= STEPS_BETWEEN_READINGS_ON_GPU:
            self._read_losses()

    def _backward(self, batch: Any) -> dict[str, Tensor]:
        """Adds one batch's gradients; the loss is computed in float32 from what the network gave."""
        images = batch.images.to(self._device, non_blocking=True).float()
        targets = type(batch.targets)(*(part.to(self._device, non_blocking=True) for part in batch.targets))
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._in.machine.precision == "bfloat16"):
            raw = self._network(images, targets)
        terms = self._network.loss(raw, targets, self._in.spec.input_hw)
        (torch.stack(list(terms.values())).sum() / self._in.spec.accumulate).backward()
        return terms

    def _settle(self) -> bool:
        """Does what is due after the current step: reads losses, keeps weights, validates, saves.

        Returns:
            False when told to stop in the middle; the validation is then due again on resume.
        """
        if self._settled == self.step:
            return True
        spec, step = self._in.spec, self.step
        in_steps = self._length.whole_steps
        every = in_steps(spec.validation.every_steps, spec.validation.every_epochs)
        every = every or math.ceil(self._in.num_steps / 10)
        saved_every = in_steps(spec.checkpoints.every_steps, spec.checkpoints.every_epochs) or every
        kept_every = in_steps(spec.checkpoints.keep_every_steps, spec.checkpoints.keep_every_epochs)
        is_last = step == self._in.num_steps
        is_validated = bool(self._in.validation) and (is_last or step % every == 0)
        is_saved = is_last or is_validated or step % saved_every == 0
        is_kept = kept_every is not None and step % kept_every == 0
        if is_saved or is_kept:
            self._read_losses()
        if is_kept:
            save_weights(self._in.files.kept(step), self._best_guess(), self._in.classes)
            delete_oldest(self._in.files.last.parent, "step_*.safetensors", spec.checkpoints.keep_at_most)
        if is_validated and self.progress.last_step != step and not self._validate():
            return False
        if is_saved:
            self._save()
        self._settled = step
        return True

    def _read_losses(self) -> None:
        """Tells the steps since the last reading.

        Raises:
            TrainingError: a loss is no finite number.
        """
        for done in self._unread:
            losses = {name: float(term) for name, term in done.losses.items()}
            loss, norm = sum(losses.values()), float(done.grad_norm)
            if not (math.isfinite(loss) and math.isfinite(norm)):
                raise TrainingError(_divergence(done, losses, norm))
            seen = done.step * self._in.spec.accumulate * self._in.spec.batch_size
            event = StepDone(
                step=done.step,
                epoch=seen / len(self._in.source.labels),
                loss=loss,
                losses=losses,
                learning_rate=done.learning_rate,
                grad_norm=norm,
                seconds=done.seconds,
                data_wait=done.data_wait,
                cpu_seconds=done.cpu_seconds,
                objects=done.objects,
            )
            self._in.emit(event)
        self._unread.clear()

    def _validate(self) -> bool:
        """Measures on every validation set; the first says whether these weights are the best. False when stopped."""
        network = self._best_guess().eval()
        network.set_progress(self.step / self._in.num_steps)
        results: list[tuple[HeldOut, Measured, float]] = []
        for data in self._in.validation:
            began = time.perf_counter()
            measured = data.measure(network, self._in.spec.input_hw, self._device, self._in.should_stop)
            if measured is None:
                break
            results.append((data, measured, time.perf_counter() - began))
        self._network.train()
        if len(results) < len(self._in.validation):
            return False
        for rank, (data, measured, seconds) in enumerate(results):
            is_best = rank == 0 and self._take_in(measured)
            self._in.emit(_validated(self.step, data, measured, seconds, is_best))
        return True

    def _take_in(self, measured: Measured) -> bool:
        """Updates the progress; keeps the weights if they are the best."""
        value = measured.figures[self._in.spec.validation.metric] or 0.0
        self.progress = after_validation(self.progress, self._in.spec.schedule, self.step, value)
        if self.progress.best_step != self.step:
            return False
        save_weights(self._in.files.weights, self._best_guess(), self._in.classes)
        return True

    def _is_stale(self) -> bool:
        patience = self._in.spec.validation.patience
        return patience is not None and self.progress.num_stale >= patience

    def _best_guess(self) -> Learner:
        """The network to measure and to keep: the moving average if there is one."""
        return self._network if self._average is None else self._average.network

    def _save(self) -> None:
        if not self._in.validation:
            save_weights(self._in.files.weights, self._best_guess(), self._in.classes)
        state = TrainingState(
            step=self.step,
            progress=self.progress,
            network=self._network.state_dict(),
            average=None if self._average is None else self._average.network.state_dict(),
            optimiser=self._optimiser.state_dict(),
            random=random_state(self._device),
        )
        write_state(self._in.files.last, state)


def _validated(step: int, data: HeldOut, measured: Measured, seconds: float, is_best: bool) -> Validated:
    return Validated(
        step=step,
        data=data.name,
        figures=measured.figures,
        loss=measured.loss,
        seconds=seconds,
        is_best=is_best,
    )


def _divergence(done: _UnreadStep, losses: dict[str, float], norm: float) -> str:
    terms = ", ".join(f"{name} {value:g}" for name, value in losses.items())
    return (
        f"step {done.step}: the loss is no finite number ({terms}; gradient norm {norm:g}; learning rate "
        f"{done.learning_rate:g}). Lower optimiser.learning_rate, lengthen warm_up.steps or lower clip_norm; the last "
        "good state is kept."
    )
