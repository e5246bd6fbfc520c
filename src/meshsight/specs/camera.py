"""The camera's intrinsics; where it stands is one of the kinds of `meshsight.synthesis.cameras`."""

from typing import Annotated, Any, Literal, cast

from pydantic import BeforeValidator, Discriminator, Field, model_validator

from meshsight.core.kinds import Kinds
from meshsight.specs.base import Spec
from meshsight.specs.distributions import Constant, Distribution, Uniform
from meshsight.specs.ranges import NOT_EMPTY, Positive, bounded

CAMERA_KINDS = Kinds("meshsight.synthesis.cameras", "camera")


NONE = Constant(value=0.0)


class LensDistortion(Spec):
    """How the lens bends the picture: Brown and Conrady's coefficients as OpenCV calibrates them."""

    k1: Distribution = NONE
    """Radial, with the square of the distance from the axis: below 0 a barrel, above 0 a pincushion."""
    k2: Distribution = NONE
    """Radial, with its fourth power."""
    p1: Distribution = NONE
    """Tangential: the lens stands askew, up or down."""
    p2: Distribution = NONE
    """Tangential: the lens stands askew, left or right."""
    k3: Distribution = NONE
    """Radial, with the sixth power."""


def _name_coefficients(value: Any) -> Any:
    """Accepts a list in OpenCV's order: k1, k2, p1, p2 and perhaps k3."""
    if isinstance(value, list | tuple) and len(cast("list[Any]", value)) in (4, 5):
        return dict(zip(("k1", "k2", "p1", "p2", "k3"), cast("list[Any]", value), strict=False))
    return cast("Any", value)


Distortion = Annotated[
    LensDistortion | None,
    BeforeValidator(_name_coefficients, json_schema_input_type=LensDistortion | tuple[float, ...] | None),
]


class FieldOfView(Spec):
    """Square pixels and a centred principal point."""

    kind: Literal["fov"] = "fov"
    horizontal_fov_deg: Annotated[Distribution, bounded(1.0, 170.0)] = Uniform(low=45, high=65)
    """Angle between the left and the right border, without distortion."""
    distortion: Distortion = None
    """The lens's coefficients k1, k2, p1, p2, k3, each a number or a distribution, or a list of five numbers in this
    order; null for none."""


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
    distortion: Distortion = None
    """The lens's coefficients k1, k2, p1, p2, k3, each a number or a distribution, or a list of five numbers in this
    order, as OpenCV gives them; null for none."""


class Lens(Spec):
    """A focal length in millimetres in front of a sensor, with a centred principal point."""

    kind: Literal["lens"] = "lens"
    focal_mm: Positive = Uniform(low=24, high=50)
    """Focal length."""
    sensor_width_mm: float = Field(default=36.0, gt=0)
    """Width of the sensor."""
    sensor_height_mm: float | None = Field(default=None, gt=0)
    """Height of the sensor; null for square pixels."""
    distortion: Distortion = None
    """The lens's coefficients k1, k2, p1, p2, k3, each a number or a distribution, or a list of five numbers in this
    order, as OpenCV gives them; null for none."""


class OneOfCameras(Spec):
    """One of several cameras, chosen anew for each frame."""

    kind: Literal["choice"] = "choice"
    cameras: Annotated[tuple[Annotated[FieldOfView | Calibrated | Lens, Discriminator("kind")], ...], NOT_EMPTY]
    """The cameras."""
    weights: tuple[Annotated[float, Field(ge=0)], ...] | None = None
    """How often each is chosen, relative to the others; null for equally."""

    @model_validator(mode="after")
    def _matching(self) -> "OneOfCameras":
        if self.weights is not None and (len(self.weights) != len(self.cameras) or sum(self.weights) <= 0):
            raise ValueError(f"weights: expected {len(self.cameras)} numbers that do not sum to 0")
        return self


Intrinsics = Annotated[FieldOfView | Calibrated | Lens | OneOfCameras, Discriminator("kind")]

LookAt = Literal["region", "object"] | tuple[float, float, float]
EulerAngles = tuple[Distribution, Distribution, Distribution]
