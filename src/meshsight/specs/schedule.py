"""The learning rate over time: the rise at the start, and the schedule after it."""

from typing import Annotated, Literal

from pydantic import Discriminator, Field, model_validator

from meshsight.specs.base import Spec
from meshsight.specs.cropping import Probability

Unit = Literal["share", "epochs", "steps"]


class WarmUpSpec(Spec):
    """A rise of the learning rate at the start; it multiplies the schedule."""

    steps: int = Field(default=100, ge=0)
    """Its length in optimiser steps."""
    epochs: float | None = Field(default=None, ge=0)
    """Its length in passes over the data, in place of `steps`."""
    share: Probability | None = None
    """Its length as a share of the run, in place of `steps`."""
    start_factor: float = Field(default=0.01, ge=0, le=1)
    """Factor on the learning rate at step 0."""
    curve: Literal["linear", "quadratic", "exponential", "constant"] = "linear"
    """`quadratic` as in YOLOX, `exponential` as in TAO; `constant` stays at `start_factor`."""

    @model_validator(mode="after")
    def _one_length(self) -> "WarmUpSpec":
        if self.epochs is not None and self.share is not None:
            raise ValueError("give epochs or share, not both")
        if self.curve == "exponential" and self.start_factor == 0:
            raise ValueError("an exponential rise needs a start_factor above 0")
        return self


class _FallingSpec(Spec):
    begins: Probability = 0.0
    """Share of the run after which the fall begins; a flat-cosine schedule has 0.5."""
    ends: Probability = 1.0
    """Share of the run after which it is complete; YOLOX has 0.95."""

    @model_validator(mode="after")
    def _in_order(self) -> "_FallingSpec":
        if self.begins >= self.ends:
            raise ValueError(f"expected begins < ends, found {self.begins:g}, {self.ends:g}")
        return self


class CosineSpec(_FallingSpec):
    """Half a cosine from the peak down to a fraction of it, over the whole run or a part of it."""

    kind: Literal["cosine"] = "cosine"
    final_factor: float = Field(default=0.01, ge=0, le=1)


class ExponentialSpec(_FallingSpec):
    """An exponential fall from the peak to a fraction of it."""

    kind: Literal["exponential"] = "exponential"
    final_factor: float = Field(default=0.01, gt=0, le=1)


class PolynomialSpec(_FallingSpec):
    """A fall along a power of what is left of the run; power 1 is a straight line."""

    kind: Literal["polynomial"] = "polynomial"
    final_factor: float = Field(default=0.01, ge=0, le=1)
    power: float = Field(default=1.0, gt=0)


class StepsSpec(Spec):
    """A drop at each milestone."""

    kind: Literal["steps"] = "steps"
    at: tuple[Annotated[float, Field(gt=0)], ...] = (0.67, 0.89)
    """Milestones; with `unit: epochs`, the usual ones are 8 and 11 of 12 epochs."""
    unit: Unit = "share"
    """What milestones count: shares of the run, epochs, or optimiser steps."""
    every: float | None = Field(default=None, gt=0)
    """A drop each time so much has passed, in place of `at`."""
    factor: float = Field(default=0.1, gt=0, lt=1)
    """Factor on the learning rate at each milestone."""

    @model_validator(mode="after")
    def _shares_are_below_one(self) -> "StepsSpec":
        largest = self.every if self.every is not None else max(self.at, default=0)
        if self.unit == "share" and largest >= 1:
            raise ValueError(f"at: shares of the run lie below 1 (found {largest:g}); for epochs set unit: epochs")
        return self


class PlateauSpec(Spec):
    """A drop whenever validation has not improved for a while."""

    kind: Literal["plateau"] = "plateau"
    factor: float = Field(default=0.1, gt=0, lt=1)
    patience: int = Field(default=3, ge=1)
    """Validations without improvement before a drop."""
    min_factor: float = Field(default=1e-3, ge=0, le=1)
    """The learning rate never drops below this factor of its peak."""


ScheduleSpec = Annotated[CosineSpec | StepsSpec | ExponentialSpec | PolynomialSpec | PlateauSpec, Discriminator("kind")]
