"""What a person sees of a run: its settings at the start, a bar with loss, rate and time left, each validation."""

import logging
from typing import NoReturn

from tqdm import tqdm

from meshsight.training.events import Event, GapMeasured, StepDone, TrainingEnded, TrainingStarted, Validated

log = logging.getLogger(__name__)


class ProgressBar:
    """A tracker that draws on stderr; there is no bar where that is no terminal, or when only warnings are wanted."""

    def __init__(self) -> None:
        self._bar: tqdm[NoReturn] | None = None

    def record(self, event: Event) -> None:
        """Takes in one event."""
        match event:
            case TrainingStarted():
                _say_start(event)
                is_off = None if log.isEnabledFor(logging.INFO) else True
                self._bar = tqdm(
                    total=event.num_steps, initial=event.first_step, unit="step", disable=is_off, dynamic_ncols=True
                )
            case StepDone():
                if self._bar is not None:
                    self._bar.set_postfix(loss=f"{event.loss:.3f}", lr=f"{event.learning_rate:.2g}", refresh=False)
                    self._bar.update(event.step - self._bar.n)
            case Validated():
                log.info("%s", _validation_line(event))
            case GapMeasured():
                _say_gap(event)
            case TrainingEnded():
                if self._bar is not None:
                    self._bar.close()
                log.info("%s: %s", event.status, event.message)


def _say_start(event: TrainingStarted) -> None:
    spec, machine = event.spec, event.machine
    log.info(
        "%d classes, input %dx%d, %d steps of %d images, %s at %g",
        len(event.classes),
        *spec.input_hw,
        event.num_steps,
        spec.batch_size * spec.accumulate,
        spec.optimiser.kind,
        spec.optimiser.learning_rate,
    )
    log.info(
        "%s (%s), %s (%s), channels last, %d threads",
        machine.device,
        machine.device_name,
        machine.precision,
        machine.precision_reason,
        machine.threads,
    )
    if event.first_step:
        log.info("resumed after step %d", event.first_step)


def _say_gap(event: GapMeasured) -> None:
    trend = "" if event.trend is None else f", {event.trend:+.4f} a validation"
    log.info("step %d, gap %s - %s: %s %+.3f%s", event.step, event.data, event.other, event.metric, event.gap, trend)
    if event.is_parting:
        log.warning(
            "%s rises on %s and falls on %s: the detector learns what only the former has",
            event.metric,
            event.data,
            event.other,
        )


def _validation_line(event: Validated) -> str:
    values = {**event.figures, "loss": event.loss}
    figures = ", ".join(
        f"{_in_words(name)} {'-' if value is None else format(value, '.3f')}" for name, value in values.items()
    )
    return f"step {event.step}, {event.data}: {figures}{' (best)' if event.is_best else ''}"


def _in_words(name: str) -> str:
    """Says a figure as people write it: AP50, f1, circle iou."""
    return name.upper() if name.startswith("ap") else name.replace("_", " ")
