"""A training recipe for networks that look at one patch: which network, moved how, and for how long.

Where it runs and which patches it sees are arguments of the call, as for detectors.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from meshsight.core.kinds import Kinds
from meshsight.specs.base import Slot, Spec, VariantSpec
from meshsight.specs.cropping import Probability
from meshsight.specs.optimisation import AdamWSpec, OptimiserSpec
from meshsight.specs.schedule import CosineSpec, PlateauSpec, ScheduleSpec, WarmUpSpec
from meshsight.specs.training import CheckpointSpec

PATCH_KINDS = Kinds("meshsight.models.patch.families", "patch network", extra="train")


class PatchAugmentationSpec(Spec):
    """How patches are varied; each kind of change is drawn for each patch by itself, and circles move along."""

    flip_horizontal: Probability = 0.33
    """Share of the patches that are mirrored left to right."""
    flip_vertical: Probability = 0.33
    """Share of the patches that are mirrored top to bottom."""
    quarter_turns: Probability = 0.33
    """Share of the patches that are turned by 90, 180 or 270 degrees; only where they are square."""
    brightness: float = Field(default=0.1, ge=0, le=1)
    """Largest change of brightness, where white is 1."""
    contrast: float = Field(default=0.0, ge=0, lt=1)
    """Largest change of the distance from the patch's mean, as a share of it."""
    light: Probability = 0.33
    """Share of the patches whose brightness and contrast change."""
    noise: float = Field(default=0.025, ge=0, le=1)
    """Standard deviation of the noise, where white is 1."""
    noisy: Probability = 0.33
    """Share of the patches that get noise."""


class PatchValidationSpec(Spec):
    """When the network is measured during training, and what follows from it."""

    every_steps: int | None = Field(default=None, ge=1)
    """Steps between validations; none: ten times in a run. The last step is always validated."""
    every_epochs: float | None = Field(default=None, gt=0)
    """Passes over the data between validations, in place of `every_steps`."""
    share: float = Field(default=0.15, ge=0, lt=1)
    """Share of the patches with a ball, and of those without, that is held out where no set is given with --val;
    patches of one group stay together."""
    metric: Literal["score", "average_precision", "f1", "recall", "roc_auc", "circle_iou"] = "score"
    """What "best" means. `score` is the average precision of a network that classifies, the mean IoU of the circles of
    one that locates, and the product of both for one that does both; `recall` is that at the decision threshold."""
    precision: float = Field(default=0.99, gt=0, le=1)
    """Precision that is wished: the decision threshold is the lowest that reaches it on the validation set, or else the
    one of the highest precision."""
    beta: float = Field(default=1.0, gt=0)
    """Of F-beta in reports: below 1 false balls count more than missed ones; Nao Devils use 0.25."""
    best_on: str | None = None
    """Name of the validation set that says which weights are best, or `worst`: the one with the lowest value. None: the
    first set given with --val."""
    patience: int | None = Field(default=None, ge=1)
    """Validations without a better value before the run stops early; none: it runs to its end."""


class PatchTrainSpec(Spec):
    """A training recipe for a patch network."""

    version: Literal[1] = 1
    net: Annotated[VariantSpec, Slot(PATCH_KINDS)]
    ball: str = "ball"
    """Name of the class that is to be found; patches of all others teach what is no ball."""
    subtract_mean: bool = True
    """Whether the mean of the training patches is taken out of each; it is part of the weights."""
    steps: int | None = Field(default=None, ge=1)
    """Length of the run in optimiser steps; give this or `epochs`."""
    epochs: float | None = Field(default=None, gt=0)
    """Length of the run in passes over the data; give this or `steps`."""
    batch_size: int = Field(default=128, ge=1)
    """Patches of a step."""
    optimiser: OptimiserSpec = AdamWSpec(weight_decay=0.0)
    schedule: ScheduleSpec = CosineSpec()
    warm_up: WarmUpSpec = WarmUpSpec(steps=0)
    clip_norm: float | None = Field(default=None, gt=0)
    """Largest norm of the gradient; longer ones are shortened to it."""
    ema_decay: float | None = Field(default=None, gt=0, lt=1)
    """Decay of the moving average of the weights, which is what is validated and kept; none: the weights themselves."""
    ema_ramp: float | None = Field(default=None, gt=0)
    """Updates over which the decay rises: decay * (1 - exp(-n / ramp)). None: min(decay, (1 + n) / (10 + n))."""
    augmentation: PatchAugmentationSpec = PatchAugmentationSpec()
    validation: PatchValidationSpec = PatchValidationSpec()
    checkpoints: CheckpointSpec = CheckpointSpec()
    seed: int = Field(default=0, ge=0)

    # What the loop asks of every recipe and patches have no use for.
    freeze: ClassVar[tuple[str, ...]] = ()
    batch_norm: ClassVar[Literal["train", "frozen", "synchronised"]] = "train"
    precision: ClassVar[Literal["auto", "float32", "bfloat16", "float16"]] = "float32"

    @model_validator(mode="after")
    def _consistent(self) -> "PatchTrainSpec":
        if (self.steps is None) == (self.epochs is None):
            raise ValueError(f"give either steps or epochs (found steps={self.steps}, epochs={self.epochs})")
        return self

    @property
    def accumulate(self) -> int:
        """Batches of a step, as the loop asks of every recipe."""
        return 1

    @property
    def input_hw(self) -> tuple[int, int]:
        """Height and width of the patches."""
        height, width = self.net.model_dump(include={"input_hw"})["input_hw"]
        return height, width

    @property
    def needs_validation(self) -> bool:
        """Whether the run cannot do without a validation set."""
        return self.validation.patience is not None or isinstance(self.schedule, PlateauSpec)
