"""What the lens and the shutter do: depth of field and motion blur. Labels are those of the pinhole at mid-shutter."""

from typing import Literal

from pydantic import Field, model_validator

from meshsight.specs.base import Spec
from meshsight.specs.distributions import Constant, LogUniform, Uniform
from meshsight.specs.ranges import NonNegative, Positive


class FocusSpec(Spec):
    """Depth of field."""

    probability: float = Field(default=1.0, ge=0, le=1)
    """How often there is any; else everything is sharp."""
    f_number: Positive = LogUniform(low=1.8, high=11.0)
    """Focal length over the diameter of the opening: small numbers blur more."""
    sensor_width_mm: float = Field(default=36.0, gt=0)
    """Width of the sensor, which turns the focal length from pixels into millimetres."""
    target: Literal["object", "region", "distance"] = "object"
    """What is sharp: one of the labelled objects (the region, where there is none), the middle of the scene, or a
    distance."""
    distance_m: Positive | None = None
    """Depth that is sharp, with `target: distance`."""
    error: Positive = Uniform(low=0.9, high=1.1)
    """Factor on that depth: an autofocus that misses."""

    @model_validator(mode="after")
    def _has_distance(self) -> "FocusSpec":
        if (self.target == "distance") != (self.distance_m is not None):
            raise ValueError("give distance_m with `target: distance`, and null otherwise")
        return self


class MotionSpec(Spec):
    """Motion while the shutter is open, in random directions."""

    probability: float = Field(default=1.0, ge=0, le=1)
    """How often anything moves."""
    shutter_s: Positive = LogUniform(low=0.002, high=0.03)
    """How long the shutter is open."""
    camera_speed_mps: NonNegative = Uniform(low=0.0, high=0.3)
    """Speed of the camera in metres a second."""
    camera_spin_dps: NonNegative = Uniform(low=0.0, high=30.0)
    """Turn of the camera in degrees a second."""
    object_speed_mps: NonNegative = Constant(value=0.0)
    """Speed of each object in metres a second."""
    object_spin_dps: NonNegative = Constant(value=0.0)
    """Turn of each object in degrees a second."""
