"""The learning rate as a pure function of the step, and what a plateau is."""

import math
from bisect import bisect_right
from dataclasses import dataclass, replace

from meshsight.specs.optimisation import CosineSpec, PlateauSpec, ScheduleSpec, StepsSpec, WarmUpSpec


def learning_rate_factor(
    schedule: ScheduleSpec, warm_up: WarmUpSpec, step: int, num_steps: int, num_drops: int
) -> float:
    """Returns the factor on every peak learning rate at one step.

    Args:
        schedule: the recipe's schedule.
        warm_up: the recipe's warm-up, which multiplies the schedule.
        step: steps already done, from 0.
        num_steps: length of the run.
        num_drops: times that a plateau was met so far.
    """
    return _warm_up_factor(warm_up, step) * _schedule_factor(schedule, step / num_steps, num_drops)


def _warm_up_factor(warm_up: WarmUpSpec, step: int) -> float:
    if step >= warm_up.steps:
        return 1.0
    return warm_up.start_factor + (1 - warm_up.start_factor) * step / warm_up.steps


def _schedule_factor(schedule: ScheduleSpec, progress: float, num_drops: int) -> float:
    match schedule:
        case CosineSpec(final_factor=final):
            return final + (1 - final) * 0.5 * (1 + math.cos(math.pi * progress))
        case StepsSpec(at=milestones, factor=factor):
            return factor ** bisect_right(sorted(milestones), progress)
        case PlateauSpec(factor=factor, min_factor=lowest):
            return max(lowest, factor**num_drops)


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
