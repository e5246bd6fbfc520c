"""How sprites of few scenes become many images: what the `composite` renderer asks of synthesis."""

import itertools
import math
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from meshsight.specs.base import Spec
from meshsight.specs.distributions import AnyDistribution, Distribution, Uniform, listed
from meshsight.specs.ranges import NOT_EMPTY

BlendingMode = Literal["alpha", "feather", "match", "poisson"]


def _check_listed(angles: AnyDistribution) -> AnyDistribution:
    if listed(angles) is None:
        raise ValueError(f"expected a number, a linspace or a choice, which are few values; found {angles.kind}")
    return angles


Listed = Annotated[Distribution, AfterValidator(_check_listed)]


class ViewGridSpec(Spec):
    """The turns that objects are seen under: all combinations of a few angles, about the camera's x, then y, then z.

    An object's frames go through all of them, in an order that is shuffled, before any comes again.
    """

    x_deg: Listed
    """Angles about the axis to the right: a number, a linspace or a choice."""
    y_deg: Listed
    """Angles about the axis downwards."""
    z_deg: Listed = Field(default=0.0, validate_default=True)  # pyright: ignore[reportAssignmentType]
    """Angles about the axis forwards."""

    @property
    def num(self) -> int:
        """How many turns there are."""
        return math.prod(len(listed(angles) or ()) for angles in (self.x_deg, self.y_deg, self.z_deg))

    def angles(self, number: int) -> tuple[float, float, float]:
        """Returns one turn's angles in degrees; the last axis changes first."""
        x_deg, y_deg, z_deg = (listed(angles) or () for angles in (self.x_deg, self.y_deg, self.z_deg))
        return next(itertools.islice(itertools.product(x_deg, y_deg, z_deg), number, None))


class RecompositionSpec(Spec):
    """Which frames only put sprites together anew, and how."""

    just_merge: float = Field(default=0.8, ge=0, le=1)
    """Share of the frames that only recompose sprites of the bank; the others draw their own objects."""
    bank: int = Field(default=32, ge=1)
    """Scenes whose objects make up the bank: those of the recipe's first frames."""
    views: ViewGridSpec | None = None
    """Turns that objects are seen under, on the camera's axis at their depth in the bank's scene; null for those of the
    bank's scene."""
    sizes: Annotated[tuple[Annotated[float, Field(gt=0.05, le=4)], ...], NOT_EMPTY] = (0.5, 0.71, 1.0, 1.41)
    """Factors on the size in the image. Each is a sprite of its own, for perspective changes with the distance."""
    roll_deg: Distribution = Uniform(low=-180.0, high=180.0)
    """Turn in the image."""
    x: Distribution | None = None
    """Middle of an object along the image's width, as a share of it: 0 the image's middle, -0.5 its left border; null
    for anywhere that `overhang` allows."""
    y: Distribution | None = None
    """Middle of an object along the image's height, as a share of it; null for anywhere that `overhang` allows."""
    overhang: float = Field(default=0.25, ge=0, le=0.5)
    """How far an object's middle may lie towards the image's border: 0 keeps its sphere inside, 0.5 lets the middle
    reach the border."""
    blending: Annotated[tuple[BlendingMode, ...], NOT_EMPTY] = ("alpha",)
    """How sprites are put over the background: alpha, feather, match or poisson; one is chosen for each frame."""
    copies: bool = False
    """Whether every layout is drawn once with each blending, in frames that follow one another."""
