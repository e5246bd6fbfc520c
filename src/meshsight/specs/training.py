"""A training recipe: which detector, on what input, moved how, and for how long.

Where it runs (device, threads, workers) and which data it sees are arguments of the call, not part of the recipe.
"""

from typing import Annotated, Literal, Protocol, runtime_checkable

from pydantic import Field, model_validator

from meshsight.core.kinds import Kinds
from meshsight.specs.augmentation import AugmentationSpec
from meshsight.specs.base import Slot, Spec, VariantSpec
from meshsight.specs.optimisation import AdamWSpec, OptimiserSpec
from meshsight.specs.schedule import CosineSpec, PlateauSpec, ScheduleSpec, WarmUpSpec
from meshsight.specs.training_data import DataSpec

DETECTOR_KINDS = Kinds("meshsight.models.detectors", "detector", extra="train")


class ValidationSpec(Spec):
    """When the detector is measured during training, and what follows from it."""

    every_steps: int | None = Field(default=None, ge=1)
    """Steps between validations; none: ten times in a run. The last step is always validated."""
    every_epochs: float | None = Field(default=None, gt=0)
    """Passes over the data between validations, in place of `every_steps`."""
    best_on: str | None = None
    """Name of the validation set that says which weights are best, or `worst`: the one with the lowest value. None: the
    first set given with --val."""
    metric: Literal["ap", "ap50", "ap75"] = "ap"
    """What "best" means."""
    min_visibility: float = Field(default=0.25, ge=0, le=1)
    """Objects less visible than this need not be found (only where the pixel counts are known)."""
    patience: int | None = Field(default=None, ge=1)
    """Validations without a better value before the run stops early; none: it runs to its end."""


class CheckpointSpec(Spec):
    """What is kept on disk besides the best and the last."""

    every_steps: int | None = Field(default=None, ge=1)
    """Steps between writes of the last checkpoint, from which a killed run resumes; none: at each validation."""
    every_epochs: float | None = Field(default=None, gt=0)
    """Passes over the data between them, in place of `every_steps`."""
    keep_every_steps: int | None = Field(default=None, ge=1)
    """Steps between copies of the weights that stay; none: no copies."""
    keep_every_epochs: float | None = Field(default=None, gt=0)
    """Passes over the data between them, in place of `keep_every_steps`."""
    keep_at_most: int = Field(default=5, ge=1)
    """Older copies beyond this many are deleted."""


class TrainSpec(Spec):
    """A training recipe."""

    version: Literal[1] = 1
    detector: Annotated[VariantSpec, Slot(DETECTOR_KINDS)]
    weights: str | None = None
    """File or run folder with the weights that the whole detector starts from; of its classes those with names that the
    data has are kept, and the data's others start anew. None: only the backbone may be pretrained."""
    classes: tuple[str, ...] | None = None
    """Class names in order of their ids; must equal those of the data. None: taken from the data."""
    input_hw: tuple[Annotated[int, Field(ge=32)], Annotated[int, Field(ge=32)]] = (320, 320)
    """Height and width of the network's input, multiples of the detector's stride."""
    steps: int | None = Field(default=None, ge=1)
    """Length of the run in optimiser steps (elsewhere called iterations); give this or `epochs`."""
    epochs: float | None = Field(default=None, gt=0)
    """Length of the run in passes over the data; give this or `steps`."""
    batch_size: int = Field(default=16, ge=1)
    """Images of a batch, shared out among the processes of the run: their number changes the speed alone."""
    accumulate: int = Field(default=1, ge=1)
    """Batches whose gradients are averaged for one step."""
    optimiser: OptimiserSpec = AdamWSpec()
    schedule: ScheduleSpec = CosineSpec()
    warm_up: WarmUpSpec = WarmUpSpec()
    clip_norm: float | None = Field(default=10.0, gt=0)
    """Largest norm of the gradient; longer ones are shortened to it."""
    ema_decay: float | None = Field(default=0.998, gt=0, lt=1)
    """Decay of the moving average of the weights, which is what is validated and kept; none: the weights themselves."""
    ema_ramp: float | None = Field(default=None, gt=0)
    """Updates over which the decay rises: decay * (1 - exp(-n / ramp)), 2000 in YOLOX. None: min(decay, (1 + n) /
    (10 + n)), which soon forgets a random start."""
    freeze: tuple[str, ...] = ()
    """Parts of the network that are never trained, by the beginning of their name, such as `backbone.stages.0`; their
    batch normalisation rests, too."""
    batch_norm: Literal["train", "frozen", "synchronised"] = "train"
    """`frozen` keeps all running statistics as they are; `synchronised` takes a batch's over all processes."""
    data: DataSpec = DataSpec()
    augmentation: AugmentationSpec = AugmentationSpec()
    min_visibility: float = Field(default=0.25, ge=0, le=1)
    """Objects less visible than this are ignore regions in training: neither to be found nor background."""
    precision: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """`auto`: bfloat16 where this processor computes it natively and the network gains from it. `float16` scales the
    loss so that small gradients survive, and skips steps whose gradients are no finite numbers."""
    validation: ValidationSpec = ValidationSpec()
    checkpoints: CheckpointSpec = CheckpointSpec()
    seed: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _consistent(self) -> "TrainSpec":
        if (self.steps is None) == (self.epochs is None):
            raise ValueError(f"give either steps or epochs (found steps={self.steps}, epochs={self.epochs})")
        if self.classes is not None and len(set(self.classes)) != len(self.classes):
            raise ValueError(f"classes: a name stands twice in {', '.join(self.classes)}")
        return self

    @property
    def needs_validation(self) -> bool:
        """Whether the run cannot do without a validation set."""
        return self.validation.patience is not None or isinstance(self.schedule, PlateauSpec)


@runtime_checkable
class HasLength(Protocol):
    """What of a recipe says how long a run is."""

    @property
    def steps(self) -> int | None:
        """In optimiser steps."""
        ...

    @property
    def epochs(self) -> float | None:
        """In passes over the data, where `steps` is None."""
        ...

    @property
    def batch_size(self) -> int:
        """Images of a batch."""
        ...

    @property
    def accumulate(self) -> int:
        """Batches of a step."""
        ...


def num_steps(spec: HasLength, num_samples: int) -> int:
    """Returns the length of a run in optimiser steps."""
    if spec.steps is not None:
        return spec.steps
    assert spec.epochs is not None
    return max(1, round(spec.epochs * num_samples / (spec.batch_size * spec.accumulate)))
