"""Shuffled: objects drift and bump in a closed box without gravity, and a frame shows one moment of it."""

from typing import Literal

from pydantic import Field, model_validator

from meshsight.specs.base import VariantSpec
from meshsight.specs.distributions import Uniform
from meshsight.specs.ranges import NonNegative, Positive
from meshsight.specs.rotations import AnyRotation, RotationSpec
from meshsight.synthesis.placement import Gap

EXTRA = "physics"

Range = tuple[float, float]


class Spec(VariantSpec):
    """Objects that drift and bump in an unseen box, pushed at random; `worlds` shows one world's moments in turn."""

    kind: Literal["shuffle"] = "shuffle"
    x_m: Range = (-0.5, 0.5)
    """From where to where the box reaches along the world's x."""
    y_m: Range = (-0.5, 0.5)
    """From where to where the box reaches along the world's y."""
    z_m: Range = (-0.5, 0.5)
    """From where to where the box reaches in height."""
    widens: float = Field(default=0.0, ge=0, le=10)
    """How far each of the walls at the ends of y and z leans out, in metres for a metre of x: a box with a camera that
    looks along x at its narrow end can fit the view. `y_m` and `z_m` are those at x = 0."""
    speed_m_s: Positive = Uniform(low=0.2, high=1.0)
    """Speed of an object when it is pushed."""
    pushes_per_s: NonNegative = Uniform(low=1.0, high=3.0)
    """How often an object is pushed in a new direction."""
    seconds: float = Field(default=0.4, gt=0, le=60)
    """Time between two frames of a world, and before the first."""
    rotation: RotationSpec = AnyRotation()
    """How objects are turned at the start."""
    parts: int = Field(default=1, ge=1, le=64)
    """Most convex parts that stand for a mesh when it collides: 1 is its convex hull."""
    gap: Gap = 0.02

    @model_validator(mode="after")
    def _open_box(self) -> "Spec":
        for name in ("x_m", "y_m", "z_m"):
            low, high = getattr(self, name)
            if low >= high:
                raise ValueError(f"{name}: expected low < high, found {low:g} and {high:g}")
            # At the narrow end, walls that lean must not have met.
            if name != "x_m" and high - low + 2 * self.widens * self.x_m[0] <= 0:
                raise ValueError(f"widens: the walls of {name} meet before x = {self.x_m[0]:g}; move x_m or lower it")
        return self
