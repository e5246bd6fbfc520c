"""A short test of learning rates before a run (Smith, arXiv 1506.01186): they rise step by step until the loss does.

It moves a copy of the network; the run itself, its random streams included, is as it would have been without.
"""

import copy
import logging
import math
from itertools import islice

import torch

from meshsight.specs.base import Spec
from meshsight.specs.learning import AnyTrainSpec
from meshsight.training.batches import Prefetcher
from meshsight.training.held_out import Source
from meshsight.training.precision import MachineFacts
from meshsight.training.processes import Processes
from meshsight.training.stepping import Stepper

log = logging.getLogger(__name__)

NUM_STEPS = 40
LOWEST, HIGHEST = 1 / 300, 30.0
"""Factors on the recipe's learning rate at the first and last step."""
MEMORY = 0.8
"""Of the smoothed loss."""
RISE = 1.5
"""A smoothed loss this many times its least so far means that learning rates have become too high."""
MARGIN = 5.0
"""The suggestion lies at least this factor below the highest stable rate."""
MUCH = 30.0
"""A recipe's rate is called low when it lies below the suggestion by more than this."""


class RateCheck(Spec):
    """What the test found."""

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    """Smoothed, one for each rate."""
    highest_stable: float
    """Highest rate before the loss rose; the highest tried, if it never did."""
    suggested: float


def check_rate(
    spec: AnyTrainSpec, machine: MachineFacts, stepper: Stepper, source: Source, processes: Processes
) -> RateCheck:
    """Tries learning rates on the first batches of the run, and says whether the recipe's is off."""
    devices = [torch.device(machine.device)] if machine.device.startswith("cuda") else []
    with torch.random.fork_rng(devices):
        trial = Stepper(spec.evolve(ema_decay=None), machine, copy.deepcopy(stepper.network), processes)
        found = _try_rates(trial, source, spec.accumulate, processes)
    rate = max(group["peak_rate"] for group in stepper.optimiser.param_groups)
    if rate > found.highest_stable:
        log.warning(
            "learning rate %g: a short test became unstable above %.2g; about %.2g would be safer, or a longer warm-up",
            rate,
            found.highest_stable,
            found.suggested,
        )
    elif rate * MUCH < found.suggested:
        log.warning(
            "learning rate %g: a short test learnt well up to about %.2g; this may be slow", rate, found.suggested
        )
    else:
        log.info("learning rate %g: a short test was stable up to %.2g", rate, found.highest_stable)
    return found


def _try_rates(trial: Stepper, source: Source, accumulate: int, processes: Processes) -> RateCheck:
    rates: list[float] = []
    losses: list[float] = []
    batches = (batch for batch, _ in Prefetcher(source, 0).batches(0, NUM_STEPS * accumulate))
    average = 0.0
    for step in range(NUM_STEPS):
        factor = LOWEST * (HIGHEST / LOWEST) ** (step / (NUM_STEPS - 1))
        result = trial.step(islice(batches, accumulate), factor, step)
        loss = sum(processes.mean({name: float(term) for name, term in result.losses.items()}).values())
        if not math.isfinite(loss):
            break
        average = MEMORY * average + (1 - MEMORY) * loss
        smooth = average / (1 - MEMORY ** (step + 1))
        if losses and smooth > RISE * min(losses):
            break
        rates.append(result.learning_rate)
        losses.append(smooth)
    if not rates:
        return RateCheck(rates=(), losses=(), highest_stable=0.0, suggested=0.0)
    best = rates[losses.index(min(losses))]
    return RateCheck(
        rates=tuple(rates), losses=tuple(losses), highest_stable=rates[-1], suggested=min(best, rates[-1] / MARGIN)
    )
