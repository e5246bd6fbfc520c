"""The training loop: batches in, better weights out, every number told to whoever listens."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import torch

from meshsight.core.errors import TrainingError
from meshsight.models.learner import Learner
from meshsight.models.weights import save_weights
from meshsight.specs.learning import AnyTrainSpec
from meshsight.specs.training import TrainSpec
from meshsight.training.batches import Prefetcher
from meshsight.training.checkpoint import (
    TrainingState,
    delete_oldest,
    random_state,
    restore_random,
    write_state,
)
from meshsight.training.events import Event, StepDone, Validated
from meshsight.training.gap import GapMeter
from meshsight.training.held_out import HeldOut, Measured, Source, ValidationInput
from meshsight.training.precision import MachineFacts
from meshsight.training.processes import ALONE, Processes
from meshsight.training.rate_check import RateCheck, check_rate
from meshsight.training.run_folder import RunFiles
from meshsight.training.sample import BoxCounts
from meshsight.training.schedule import Progress, RunLength, after_validation, learning_rate_factor
from meshsight.training.source_losses import source_losses
from meshsight.training.stepping import Stepper, StepResult
from meshsight.training.validation import deciding_set

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
        validation: sets to measure on.
        machine: precision and device.
        files: where weights and state go.
        workers: threads that make batches.
        emit: told every event.
        should_stop: asked at each step, and at each batch of a validation.
        processes: who trains together.
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
    processes: Processes = ALONE


class _UnreadStep(NamedTuple):
    """A step whose losses are still on the device."""

    step: int
    found: StepResult
    seconds: float
    data_wait: float
    cpu_seconds: float
    objects: BoxCounts
    by_source: dict[str, float]


class _Every(NamedTuple):
    """Steps between two validations, two saved states, and two weights that are kept, if any."""

    validated: int
    saved: int
    kept: int | None


class TrainingLoop:
    """A run in progress.

    Attributes:
        step: optimiser steps done.
        progress: what the validations amount to.
        gaps: how far the validation sets lie apart.
        length: of the run.
        stepper: the network in training.
    """

    def __init__(self, inputs: LoopInputs, network: Learner):
        self._in = inputs
        self._device = torch.device(inputs.machine.device)
        spec = inputs.spec
        self.stepper = Stepper(spec, inputs.machine, network, inputs.processes)
        images_a_step = spec.batch_size * spec.accumulate
        self.length = RunLength(num_steps=inputs.num_steps, steps_per_epoch=len(inputs.source.labels) / images_a_step)
        self._every = _intervals(spec, self.length)
        self.gaps = GapMeter(spec.validation.metric)
        self._unread: list[_UnreadStep] = []
        self._settled = 0
        self.step = 0
        self.progress = Progress()

    def restore(self, state: TrainingState) -> None:
        """Continues from a state written earlier."""
        self.stepper.restore(state.network, state.average, state.optimiser, state.scaler)
        random = state.random_of(self._in.processes.rank)
        if random is not None:
            restore_random(random, self._device)
        self.step, self.progress = state.step, state.progress

    @property
    def source(self) -> Source:
        """The batches, or this process's part of them."""
        return self._in.source

    @property
    def classes(self) -> tuple[str, ...]:
        """Names by class id."""
        return self._in.classes

    def check_rate(self) -> RateCheck:
        """Tries learning rates on a copy of the network, before the first step."""
        return check_rate(self._in.spec, self._in.machine, self.stepper, self._in.source, self._in.processes)

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
            while not self._in.processes.any(self._in.should_stop()):
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
        spec, began = self._in.spec, time.perf_counter()
        factor = learning_rate_factor(spec.schedule, spec.warm_up, self.step, self.length, self.progress.num_drops)
        self.stepper.network.set_progress(self.step / self._in.num_steps)
        feed = _Feed(batches, spec.accumulate)
        by_source = self._by_source(feed)
        found = self.stepper.step(feed, factor, self.step)
        self.step += 1
        seconds = time.perf_counter() - began
        done = _UnreadStep(self.step, found, seconds, feed.waited, time.process_time(), feed.objects, by_source)
        self._unread.append(done)
        if self._device.type == "cpu" or len(self._unread) >= STEPS_BETWEEN_READINGS_ON_GPU:
            self._read_losses()

    def _by_source(self, feed: "_Feed") -> dict[str, float]:
        """The loss of each source on the first batch of this step, now and then."""
        source = self._in.source
        if len(source.source_names) < 2 or self.step % source.source_losses_every:
            return {}
        ids = source.source_ids(self.step * self._in.spec.accumulate)
        parts = self._in.processes.gather(source_losses(self.stepper, feed.peek(), ids))
        sums: dict[int, list[float]] = {}
        for number, (total, count) in (item for part in parts for item in part.items()):
            before = sums.setdefault(number, [0.0, 0.0])
            sums[number] = [before[0] + total, before[1] + count]
        return {source.source_names[number]: sums[number][0] / sums[number][1] for number in sorted(sums)}

    def _settle(self) -> bool:
        """Does what is due after the current step: reads losses, keeps weights, validates, saves.

        Returns:
            False when told to stop in the middle; the validation is then due again on resume.
        """
        if self._settled == self.step:
            return True
        checkpoints, step, every = self._in.spec.checkpoints, self.step, self._every
        is_last = step == self._in.num_steps
        is_validated = bool(self._in.validation) and (is_last or step % every.validated == 0)
        is_saved = is_last or is_validated or step % every.saved == 0
        is_kept = every.kept is not None and step % every.kept == 0
        if is_saved or is_kept:
            self._read_losses()
            self.stepper.agree()
        if is_kept and self._in.processes.is_first:
            save_weights(self._in.files.kept(step), self.stepper.best_guess(), self._in.classes)
            delete_oldest(self._in.files.last.parent, "step_*.safetensors", checkpoints.keep_at_most)
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
            event = self._step_done(done)
            # A step that overflowed in float16 is skipped by design; a loss that is no number ends any run.
            if not (math.isfinite(event.loss) and (math.isfinite(event.grad_norm) or self.stepper.is_scaled)):
                raise TrainingError(_divergence(event))
            self._in.emit(event)
        self._unread.clear()

    def _step_done(self, done: _UnreadStep) -> StepDone:
        losses = self._in.processes.mean({name: float(term) for name, term in done.found.losses.items()})
        counts = self._in.processes.mean({name: float(count) for name, count in asdict(done.objects).items()})
        objects = BoxCounts(**{name: round(count * self._in.processes.count) for name, count in counts.items()})
        norm = float(done.found.grad_norm)
        is_skipped = self.stepper.is_scaled and not math.isfinite(norm)
        return StepDone(
            step=done.step,
            epoch=done.step / self.length.steps_per_epoch,
            loss=sum(losses.values()),
            losses=losses,
            learning_rate=done.found.learning_rate,
            grad_norm=0.0 if is_skipped else norm,
            seconds=done.seconds,
            data_wait=done.data_wait,
            cpu_seconds=done.cpu_seconds,
            objects=objects,
            source_losses=done.by_source,
            is_skipped=is_skipped,
        )

    def _validate(self) -> bool:
        """Measures on every validation set; one of them says whether these weights are the best. False when stopped."""
        network = self.stepper.best_guess().eval()
        network.set_progress(self.step / self._in.num_steps)
        results: list[tuple[HeldOut, Measured, float]] = []
        for data in self._in.validation:
            began = time.perf_counter()
            measured = data.measure(network, self._input(), self._in.should_stop, self._in.processes)
            if self._in.processes.any(measured is None) or measured is None:
                break
            results.append((data, measured, time.perf_counter() - began))
        self.stepper.resume_training()
        if len(results) < len(self._in.validation):
            return False
        values = {data.name: self._value(measured) for data, measured, _ in results}
        deciding = deciding_set(self._in.spec.validation.best_on, values)
        is_best = self._take_in(values[deciding])
        for data, measured, seconds in results:
            name = data.name
            self._in.emit(_validated(self.step, data, measured, seconds, is_best and name == deciding))
        for gap in self.gaps.measure(self.step, values):
            self._in.emit(gap)
        return True

    def _input(self) -> ValidationInput:
        spec = self._in.spec
        is_turned = isinstance(spec, TrainSpec) and spec.data.group_by_aspect
        return ValidationInput(spec.input_hw, self._device, is_turned)

    def _value(self, measured: Measured) -> float:
        return measured.figures[self._in.spec.validation.metric] or 0.0

    def _take_in(self, value: float) -> bool:
        """Updates the progress; keeps the weights if they are the best."""
        self.progress = after_validation(self.progress, self._in.spec.schedule, self.step, value)
        if self.progress.best_step != self.step:
            return False
        if self._in.processes.is_first:
            save_weights(self._in.files.weights, self.stepper.best_guess(), self._in.classes)
        return True

    def _is_stale(self) -> bool:
        patience = self._in.spec.validation.patience
        return patience is not None and self.progress.num_stale >= patience

    def _save(self) -> None:
        random, *others = self._in.processes.gather(random_state(self._device))
        if not self._in.processes.is_first:
            return
        if not self._in.validation:
            save_weights(self._in.files.weights, self.stepper.best_guess(), self._in.classes)
        state = TrainingState(
            step=self.step,
            progress=self.progress,
            random=random,
            others_random=tuple(others),
            **self.stepper.state(),
        )
        write_state(self._in.files.last, state)


def _intervals(spec: AnyTrainSpec, length: RunLength) -> _Every:
    checkpoints = spec.checkpoints
    validated = length.whole_steps(spec.validation.every_steps, spec.validation.every_epochs)
    validated = validated or math.ceil(length.num_steps / 10)
    saved = length.whole_steps(checkpoints.every_steps, checkpoints.every_epochs) or validated
    return _Every(validated, saved, length.whole_steps(checkpoints.keep_every_steps, checkpoints.keep_every_epochs))


class _Feed:
    """The batches of one step, and what waiting for them took.

    Attributes:
        waited: seconds.
        objects: what became of the batches' objects.
    """

    def __init__(self, batches: Iterator[tuple[Any, BoxCounts]], count: int):
        self._batches, self._left = batches, count
        self._next: Any = None
        self.waited = 0.0
        self.objects = BoxCounts()

    def __iter__(self) -> Iterator[Any]:
        while self._left:
            batch = self.peek()
            self._next, self._left = None, self._left - 1
            yield batch

    def peek(self) -> Any:
        """Returns the next batch without taking it."""
        if self._next is None:
            asked = time.perf_counter()
            self._next, counts = next(self._batches)
            self.waited += time.perf_counter() - asked
            self.objects = self.objects.plus(counts)
        return self._next


def _validated(step: int, data: HeldOut, measured: Measured, seconds: float, is_best: bool) -> Validated:
    return Validated(
        step=step,
        data=data.name,
        figures=measured.figures,
        loss=measured.loss,
        seconds=seconds,
        is_best=is_best,
    )


def _divergence(done: StepDone) -> str:
    terms = ", ".join(f"{name} {value:g}" for name, value in done.losses.items())
    return (
        f"step {done.step}: the loss is no finite number ({terms}; gradient norm {done.grad_norm:g}; learning rate "
        f"{done.learning_rate:g}). Lower optimiser.learning_rate, lengthen warm_up.steps or lower clip_norm; the last "
        "good state is kept."
    )
