"""The camera's intrinsics; where it stands is one of the kinds of `meshsight.synthesis.cameras`."""

from typing import Annotated, Literal

from pydantic import Discriminator, Field

from meshsight.core.kinds import Kinds
from meshsight.specs.base import Spec
from meshsight.specs.distributions import Distribution, Uniform
from meshsight.specs.ranges import bounded

CAMERA_KINDS = Kinds("meshsight.synthesis.cameras", "camera")


class FieldOfView(Spec):
    """Square pixels and a centred principal point."""

    kind: Literal["fov"] = "fov"
    horizontal_fov_deg: Annotated[Distribution, bounded(1.0, 170.0)] = Uniform(low=45, high=65)
    """Angle between the left and the right border."""


class Calibrated(Spec):
    """A calibrated camera, in pixels of the recipe's image size."""

    kind: Literal["calibrated"] = "calibrated"
    fx: float = Field(gt=0)
    """Focal length along x."""
    fy: float = Field(gt=0)
    """Focal length along y."""
    cx: float
    """Principal point from the image's left border; pixel centres lie at +0.5."""
    cy: float
    """Principal point from the image's upper border; pixel centres lie at +0.5."""


Intrinsics = Annotated[FieldOfView | Calibrated, Discriminator("kind")]
