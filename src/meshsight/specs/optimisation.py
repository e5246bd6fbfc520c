"""How weights are moved: the optimiser, and the learning rate over time."""

from typing import Annotated, Literal

from pydantic import Discriminator, Field, model_validator

from meshsight.specs.base import Spec


class _Optimiser(Spec):
    learning_rate: float = Field(gt=0)
    """Peak learning rate, at the batch size of this recipe; nothing rescales it."""
    weight_decay: float = Field(ge=0)
    decay_norms_and_biases: bool = False
    """Whether weight decay also acts on biases and normalisation layers."""
    backbone_factor: float = Field(default=1.0, ge=0)
    """Factor on the learning rate of the backbone, such as 0.1 to fine-tune pretrained weights."""


class SgdSpec(_Optimiser):
    """Stochastic gradient descent with momentum."""

    kind: Literal["sgd"] = "sgd"
    learning_rate: float = Field(default=0.01, gt=0)
    weight_decay: float = Field(default=1e-4, ge=0)
    momentum: float = Field(default=0.9, ge=0, lt=1)
    nesterov: bool = False

    @model_validator(mode="after")
    def _nesterov_moves(self) -> "SgdSpec":
        if self.nesterov and self.momentum == 0:
            raise ValueError("nesterov needs a momentum above 0")
        return self


class AdamWSpec(_Optimiser):
    """Adam with decoupled weight decay (Loshchilov and Hutter, arXiv 1711.05101)."""

    kind: Literal["adamw"] = "adamw"
    learning_rate: float = Field(default=1e-3, gt=0)
    weight_decay: float = Field(default=0.05, ge=0)
    beta1: float = Field(default=0.9, ge=0, lt=1)
    beta2: float = Field(default=0.999, ge=0, lt=1)


class MuonSpec(_Optimiser):
    """Muon for convolutions, AdamW for everything else (Jordan et al. 2024); learns fastest from scratch."""

    kind: Literal["muon"] = "muon"
    learning_rate: float = Field(default=0.02, gt=0)
    """Peak learning rate of the convolutions."""
    weight_decay: float = Field(default=0.05, ge=0)
    momentum: float = Field(default=0.9, ge=0, lt=1)
    adamw_factor: float = Field(default=0.1, gt=0)
    """Learning rate of everything else, as a factor on that of the convolutions."""
    beta2: float = Field(default=0.99, ge=0, lt=1)
    """Of AdamW, whose beta1 is `momentum`."""


OptimiserSpec = Annotated[SgdSpec | AdamWSpec | MuonSpec, Discriminator("kind")]


class WarmUpSpec(Spec):
    """A linear rise of the learning rate at the start."""

    steps: int = Field(default=100, ge=0)
    start_factor: float = Field(default=0.01, ge=0, le=1)
    """Factor on the learning rate at step 0."""


class CosineSpec(Spec):
    """Half a cosine from the peak down to a fraction of it, over the whole run."""

    kind: Literal["cosine"] = "cosine"
    final_factor: float = Field(default=0.01, ge=0, le=1)


class StepsSpec(Spec):
    """A drop at each milestone."""

    kind: Literal["steps"] = "steps"
    at: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = (0.67, 0.89)
    """Milestones as fractions of the run; 8 and 11 of 12 epochs are [0.667, 0.917]."""
    factor: float = Field(default=0.1, gt=0, lt=1)
    """Factor on the learning rate at each milestone."""


class PlateauSpec(Spec):
    """A drop whenever validation has not improved for a while."""

    kind: Literal["plateau"] = "plateau"
    factor: float = Field(default=0.1, gt=0, lt=1)
    patience: int = Field(default=3, ge=1)
    """Validations without improvement before a drop."""
    min_factor: float = Field(default=1e-3, ge=0, le=1)
    """The learning rate never drops below this factor of its peak."""


ScheduleSpec = Annotated[CosineSpec | StepsSpec | PlateauSpec, Discriminator("kind")]
