"""How sprites of few scenes become many images: what the `composite` renderer asks of synthesis."""

from typing import Annotated, Literal

from pydantic import Field

from meshsight.specs.base import Spec
from meshsight.specs.distributions import Distribution, Uniform
from meshsight.specs.ranges import NOT_EMPTY

BlendingMode = Literal["alpha", "feather", "match", "poisson"]


class RecompositionSpec(Spec):
    """Which frames only put sprites together anew, and how."""

    just_merge: float = Field(default=0.8, ge=0, le=1)
    """Share of the frames that only recompose sprites of the bank; the others draw their own objects."""
    bank: int = Field(default=32, ge=1)
    """Scenes whose objects make up the bank: those of the recipe's first frames."""
    sizes: Annotated[tuple[Annotated[float, Field(gt=0.05, le=4)], ...], NOT_EMPTY] = (0.5, 0.71, 1.0, 1.41)
    """Factors on the size in the image. Each is a sprite of its own, for perspective changes with the distance."""
    roll_deg: Distribution = Uniform(low=-180.0, high=180.0)
    """Turn in the image."""
    overhang: float = Field(default=0.25, ge=0, le=0.5)
    """How far an object's middle may lie towards the image's border: 0 keeps its sphere inside, 0.5 lets the middle
    reach the border."""
    blending: Annotated[tuple[BlendingMode, ...], NOT_EMPTY] = ("alpha",)
    """How sprites are put over the background: alpha, feather, match or poisson; one is chosen for each frame."""
    copies: bool = False
    """Whether every layout is drawn once with each blending, in frames that follow one another."""
