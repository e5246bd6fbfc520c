"""What a run's settings come to: the numbers that a recipe leaves to rules, printed at its start and kept in it."""

import logging

from meshsight.specs.base import Spec
from meshsight.specs.learning import AnyTrainSpec
from meshsight.specs.schedule import StepsSpec
from meshsight.specs.training import TrainSpec
from meshsight.training.optimiser import describe_groups
from meshsight.training.schedule import RunLength, milestones, warm_up_steps
from meshsight.training.stepping import Stepper

log = logging.getLogger(__name__)


class GroupFacts(Spec):
    """Parameters that share a learning rate and a weight decay."""

    learning_rate: float
    weight_decay: float
    num_parameters: int


class EffectiveSettings(Spec):
    """What is in force, whatever rule it comes from."""

    images_a_step: int
    processes: int
    steps_per_epoch: float
    epochs: float
    learning_rate: float
    """Highest peak learning rate."""
    learning_rate_asked: float
    """As the recipe gives it, for `base_batch_size` images a step."""
    groups: tuple[GroupFacts, ...]
    num_trained: int
    """Parameters that are trained."""
    num_frozen: int
    warm_up_steps: float
    drops_at: tuple[float, ...] = ()
    """Steps at which the learning rate drops."""
    plain_from_step: int | None = None
    """Step from which images are only fitted, flipped and coloured."""


def effective_settings(
    spec: AnyTrainSpec, length: RunLength, stepper: Stepper, num_processes: int
) -> EffectiveSettings:
    """Works out what a recipe comes to on this data and this network."""
    groups = tuple(
        GroupFacts(learning_rate=rate, weight_decay=decay, num_parameters=count)
        for rate, decay, count in describe_groups(stepper.optimiser)
    )
    plain = spec.augmentation.plain_end if isinstance(spec, TrainSpec) else 0.0
    return EffectiveSettings(
        images_a_step=spec.batch_size * spec.accumulate,
        processes=num_processes,
        steps_per_epoch=length.steps_per_epoch,
        epochs=length.num_steps / length.steps_per_epoch,
        learning_rate=max(group.learning_rate for group in groups),
        learning_rate_asked=spec.optimiser.learning_rate,
        groups=groups,
        num_trained=sum(group.num_parameters for group in groups),
        num_frozen=sum(part.numel() for part in stepper.network.parameters() if not part.requires_grad),
        warm_up_steps=warm_up_steps(spec.warm_up, length),
        drops_at=tuple(milestones(spec.schedule, length)) if isinstance(spec.schedule, StepsSpec) else (),
        plain_from_step=round(length.num_steps * (1 - plain)) if plain else None,
    )


def say_settings(spec: AnyTrainSpec, settings: EffectiveSettings) -> None:
    """Says what a recipe comes to."""
    processes = f" over {settings.processes} processes" if settings.processes > 1 else ""
    log.info(
        "%d images a step%s, %.4g steps an epoch, %.4g epochs",
        settings.images_a_step,
        processes,
        settings.steps_per_epoch,
        settings.epochs,
    )
    optimiser = spec.optimiser
    if optimiser.base_batch_size is not None:
        log.info(
            "learning rate %g for %d images a step: %g by the %s rule",
            settings.learning_rate_asked,
            optimiser.base_batch_size,
            settings.learning_rate,
            optimiser.batch_rule,
        )
    shown = ", ".join(f"{group.num_parameters:,} at {group.learning_rate:.3g}" for group in settings.groups[:4])
    log.info(
        "%s parameters in %d groups (%s%s); %s frozen",
        f"{settings.num_trained:,}",
        len(settings.groups),
        shown,
        ", ..." if len(settings.groups) > 4 else "",
        f"{settings.num_frozen:,}",
    )
    drops = ", ".join(f"{at:g}" for at in settings.drops_at[:5])
    plain = "" if settings.plain_from_step is None else f"; plain images from step {settings.plain_from_step}"
    log.info("warm-up %g steps%s%s", settings.warm_up_steps, f"; drops at steps {drops}" if drops else "", plain)
