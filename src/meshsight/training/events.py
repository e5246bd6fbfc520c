"""What a run tells the world while it goes on, and the protocol of those who listen."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

from meshsight.specs.learning import AnyTrainSpec
from meshsight.training.precision import MachineFacts
from meshsight.training.run_folder import SourceFacts
from meshsight.training.sample import BoxCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingStarted:
    """The loop is about to begin.

    Attributes:
        run: the run's folder.
        spec: the resolved recipe.
        classes: names by class id.
        machine: where it computes.
        first_step: steps already done, above 0 in a resumed run.
        num_steps: length of the run.
        data, validation: what it learns from and is measured on.
    """

    run: Path
    spec: AnyTrainSpec
    classes: tuple[str, ...]
    machine: MachineFacts
    first_step: int
    num_steps: int
    data: tuple[SourceFacts, ...] = ()
    validation: tuple[SourceFacts, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDone:
    """One optimiser step.

    Attributes:
        step: steps done, from 1.
        epoch: passes over the data done.
        loss: sum of the terms, averaged over accumulated batches.
        losses: the terms by name.
        learning_rate: highest rate in use.
        grad_norm: length of the gradient before clipping.
        seconds: wall time of the step, waiting for data included.
        data_wait: of those, seconds spent waiting for data.
        cpu_seconds: processor time of the whole process since the loop began.
        objects: what became of the objects of its images.
        source_losses: the loss of each source on its images, now and then, with several sources.
        is_skipped: gradients overflowed in float16, and nothing was learnt.
    """

    step: int
    epoch: float
    loss: float
    losses: dict[str, float]
    learning_rate: float
    grad_norm: float
    seconds: float
    data_wait: float
    cpu_seconds: float
    objects: BoxCounts
    source_losses: dict[str, float] = field(default_factory=dict)
    is_skipped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Validated:
    """One validation of one data set.

    Attributes:
        step: steps done.
        data: name of the data set.
        figures: by name: COCO's `ap`, `ap50`, `ap75` of a detector, and those of a patch network, `threshold` among
            them; None where there is nothing to measure.
        loss: sum of the loss terms on it.
        seconds: wall time.
        is_best: the weights were kept as the best so far.
    """

    step: int
    data: str
    figures: dict[str, float | None]
    loss: float
    seconds: float
    is_best: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GapMeasured:
    """How far two validation sets lie apart.

    Attributes:
        step: steps done.
        data: name of the first validation set, as a rule the synthetic one.
        other: name of another one.
        metric: what is compared.
        value, other_value: of both.
        gap: value minus other_value.
        trend: its change from one validation to the next, over the last five; None before there are three.
        is_parting: the first set's value rises while the other's falls.
    """

    step: int
    data: str
    other: str
    metric: str
    value: float
    other_value: float
    gap: float
    trend: float | None
    is_parting: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PicturesDrawn:
    """Pictures to look at stand in the run's folder.

    Attributes:
        step: steps done.
        paths: image files.
    """

    step: int
    paths: tuple[Path, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingEnded:
    """The run is over, one way or another; the last event of every run.

    Attributes:
        status: `finished` at its last step or by early stopping, `failed` by an error, `stopped` by a signal.
        step: steps done.
        message: why, in one line.
    """

    status: Literal["finished", "failed", "stopped"]
    step: int
    message: str


Event = TrainingStarted | StepDone | Validated | GapMeasured | PicturesDrawn | TrainingEnded


class TrackerError(Exception):
    """A tracker cannot go on; caught by `GuardedTracker`, since no run depends on those who watch it."""


@runtime_checkable
class Tracker(Protocol):
    """Listens to a run."""

    def record(self, event: Event) -> None:
        """Takes in one event."""
        ...
