"""What the camera's sensor does to a rendered image."""

from typing import Annotated

from pydantic import Field

from meshsight.specs.base import Spec
from meshsight.specs.distributions import Distribution, LogUniform, Uniform
from meshsight.specs.ranges import NonNegative, Positive, bounded


class SensorSpec(Spec):
    """Distributions of exposure, colour balance, blur, noise and compression; null switches one off."""

    exposure_ev: Distribution | None = Uniform(low=-0.5, high=0.5)
    """Stops of exposure."""
    white_balance: Positive | None = Uniform(low=0.92, high=1.08)
    """Gain of red, and another one of blue, relative to green."""
    blur_sigma_px: NonNegative | None = Uniform(low=0.0, high=0.8)
    """Gaussian blur."""
    shot_noise: NonNegative | None = LogUniform(low=0.00003, high=0.001)
    """Variance of the noise that grows with the light, for a signal of 1."""
    read_noise: NonNegative | None = LogUniform(low=0.001, high=0.01)
    """Standard deviation of the noise that does not, for a signal of 1."""
    jpeg_quality: Annotated[Distribution, bounded(1.0, 100.0)] | None = Uniform(low=50, high=95)
    """Quality of a JPEG compression by the camera, before the file is written."""
    jpeg_probability: float = Field(default=0.3, ge=0, le=1)
    """How often the camera compresses at all."""
