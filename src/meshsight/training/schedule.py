"""The learning rate as a pure function of the step, and what a plateau is."""

import math
from bisect import bisect_right
from dataclasses import dataclass, replace

from meshsight.specs.schedule import (
    CosineSpec,
    ExponentialSpec,
    PlateauSpec,
    PolynomialSpec,
    ScheduleSpec,
    StepsSpec,
    Unit,
    WarmUpSpec,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLength:
    """How long a run is, in whatever unit a recipe counts.

    Attributes:
        num_steps: optimiser steps.
        steps_per_epoch: steps of one pass over the data; rarely a whole number.
    """

    num_steps: int
    steps_per_epoch: float

    def steps(self, amount: float, unit: Unit) -> float:
        """Returns an amount of epochs, or a share of the run, in steps."""
        return float(amount * {"share": self.num_steps, "epochs": self.steps_per_epoch, "steps": 1}[unit])

    def whole_steps(self, steps: int | None, epochs: float | None) -> int | None:
        """Returns a length given in either unit, epochs first, in whole steps; None when neither is given."""
        return steps if epochs is None else max(1, round(epochs * self.steps_per_epoch))


def warm_up_steps(warm_up: WarmUpSpec, length: RunLength) -> float:
    """Returns how long the rise takes."""
    if warm_up.epochs is not None:
        return length.steps(warm_up.epochs, "epochs")
    return float(warm_up.steps) if warm_up.share is None else length.steps(warm_up.share, "share")


def milestones(schedule: StepsSpec, length: RunLength) -> list[float]:
    """Returns the steps at which the learning rate drops."""
    if schedule.every is None:
        return sorted(length.steps(at, schedule.unit) for at in schedule.at)
    every = length.steps(schedule.every, schedule.unit)
    return [every * number for number in range(1, math.ceil(length.num_steps / every))]


def learning_rate_factor(
    schedule: ScheduleSpec, warm_up: WarmUpSpec, step: int, length: RunLength, num_drops: int
) -> float:
    """Returns the factor on every peak learning rate at one step.

    Args:
        schedule: the recipe's schedule.
        warm_up: the recipe's warm-up, which multiplies the schedule.
        step: steps already done, from 0.
        length: of the run.
        num_drops: times that a plateau was met so far.
    """
    rise = _warm_up_factor(warm_up, step, warm_up_steps(warm_up, length))
    return rise * _schedule_factor(schedule, step, length, num_drops)


def _warm_up_factor(warm_up: WarmUpSpec, step: int, steps: float) -> float:
    if step >= steps:
        return 1.0
    start, share = warm_up.start_factor, step / steps
    match warm_up.curve:
        case "linear":
            return start + (1 - start) * share
        case "quadratic":
            return start + (1 - start) * share**2
        case "exponential":
            return start ** (1 - share)
        case "constant":
            return start


def _schedule_factor(schedule: ScheduleSpec, step: int, length: RunLength, num_drops: int) -> float:
    match schedule:
        case StepsSpec(factor=factor):
            # A milestone in epochs is rarely a whole step in binary: the next step may come a rounding error before it.
            return factor ** bisect_right(milestones(schedule, length), step + 1e-6)
        case PlateauSpec(factor=factor, min_factor=lowest):
            return max(lowest, factor**num_drops)
        case _:
            share = (step / length.num_steps - schedule.begins) / (schedule.ends - schedule.begins)
            return _falling(schedule, min(1.0, max(0.0, share)))


def _falling(schedule: CosineSpec | ExponentialSpec | PolynomialSpec, share: float) -> float:
    final = schedule.final_factor
    match schedule:
        case CosineSpec():
            return final + (1 - final) * 0.5 * (1 + math.cos(math.pi * share))
        case ExponentialSpec():
            return final**share
        case PolynomialSpec(power=power):
            return final + (1 - final) * (1 - share) ** power


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What the validations so far amount to.

    Attributes:
        best: highest value of the metric, or None before the first validation.
        best_step: step at which it was reached.
        last_step: step of the last validation.
        num_stale: validations since then; early stopping counts these.
        num_waited: validations without a better value since the last drop of the learning rate.
        num_drops: drops so far.
    """

    best: float | None = None
    best_step: int = 0
    last_step: int = 0
    num_stale: int = 0
    num_waited: int = 0
    num_drops: int = 0


def after_validation(progress: Progress, schedule: ScheduleSpec, step: int, value: float) -> Progress:
    """Takes in one validation; equal to the best is no improvement."""
    if progress.best is None or value > progress.best:
        return replace(progress, best=value, best_step=step, last_step=step, num_stale=0, num_waited=0)
    waited, drops = progress.num_waited + 1, progress.num_drops
    if isinstance(schedule, PlateauSpec) and waited >= schedule.patience:
        waited, drops = 0, drops + 1
    stale = progress.num_stale + 1
    return replace(progress, last_step=step, num_stale=stale, num_waited=waited, num_drops=drops)
