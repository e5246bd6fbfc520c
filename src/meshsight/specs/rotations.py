"""How objects are turned."""

from typing import Annotated, Literal

from pydantic import Discriminator

from meshsight.specs.base import Spec
from meshsight.specs.distributions import Constant, Distribution, Uniform
from meshsight.specs.ranges import bounded


class AnyRotation(Spec):
    """Turned any way, uniformly over all rotations."""

    kind: Literal["any"] = "any"


class YawRotation(Spec):
    """Upright, turned about the vertical."""

    kind: Literal["yaw"] = "yaw"
    yaw_deg: Distribution = Uniform(low=0, high=360)
    """Turn about the world's z."""


class TiltRotation(Spec):
    """Leaning away from upright about a random horizontal axis, after a random turn about the vertical."""

    kind: Literal["tilt"] = "tilt"
    tilt_deg: Annotated[Distribution, bounded(0.0, 180.0)] = Uniform(low=0, high=20)
    """How far it leans."""


class EulerRotation(Spec):
    """Turned about the world's x, then y, then z; with constants, always the same way."""

    kind: Literal["euler"] = "euler"
    x_deg: Distribution = Constant(value=0.0)
    """Turn about x."""
    y_deg: Distribution = Constant(value=0.0)
    """Turn about y."""
    z_deg: Distribution = Uniform(low=0, high=360)
    """Turn about z."""


RotationSpec = Annotated[AnyRotation | YawRotation | TiltRotation | EulerRotation, Discriminator("kind")]
