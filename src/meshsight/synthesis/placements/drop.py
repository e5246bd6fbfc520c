"""Dropped: objects fall onto the ground and onto each other until they rest."""

from typing import Annotated, Literal

from pydantic import Field

from meshsight.specs.distributions import Distribution, Uniform
from meshsight.specs.ranges import NonNegative, bounded
from meshsight.synthesis.disc import DiscSpec
from meshsight.synthesis.placement import Gap
from meshsight.synthesis.surface import SurfaceSpec

EXTRA = "physics"


class Spec(DiscSpec):
    """Objects that fall onto the ground around the world's origin, turned any way, until they rest."""

    kind: Literal["drop"] = "drop"
    height: NonNegative = Uniform(low=0.1, high=1.0)
    """Height above the ground from which an object falls, in multiples of the region's radius."""
    spread: float = Field(default=0.6, gt=0, le=2)
    """Radius of the disc over which the objects start, in multiples of the region's radius; small ones make heaps."""
    friction: Annotated[Distribution, bounded(0.0, 5.0)] = Uniform(low=0.4, high=1.0)
    """Coefficient of friction of all surfaces."""
    restitution: Annotated[Distribution, bounded(0.0, 0.9)] = Uniform(low=0.0, high=0.3)
    """Speed after a bounce over the speed before it, for all surfaces, to about 0.1."""
    max_seconds: float = Field(default=5.0, gt=0, le=60)
    """Simulated time after which a scene whose objects still move is rejected."""
    parts: int = Field(default=1, ge=1, le=64)
    """Most convex parts that stand for a mesh when it collides: 1 is its convex hull; with more, objects reach into
    the hollows of others."""
    gap: Gap = 0.02
    surface: SurfaceSpec = SurfaceSpec()
    """What the ground is made of."""
