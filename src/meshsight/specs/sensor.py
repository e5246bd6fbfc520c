"""What the camera's sensor does to a rendered image."""

from typing import Annotated

from pydantic import Field

from meshsight.specs.base import Spec
from meshsight.specs.distributions import Distribution, LogUniform, Uniform
from meshsight.specs.ranges import Fraction, NonNegative, Positive, bounded


class SensorSpec(Spec):
    """Distributions of what the sensor does to a picture, stage after stage in this order; null switches one off.

    Exposure and white balance act on light; the stages after them on the encoded picture.
    """

    exposure_ev: Distribution | None = Uniform(low=-0.5, high=0.5)
    """Stops of exposure."""
    white_balance: Positive | None = Uniform(low=0.92, high=1.08)
    """Gain of red, and another one of blue, relative to green."""
    salt: Fraction | None = None
    """Share of the pixels' channels that are struck and become white."""
    blur_sigma_px: NonNegative | None = Uniform(low=0.0, high=0.8)
    """Gaussian blur."""
    blur_width: float | None = Field(default=None, gt=0)
    """Width of the blur's kernel in sigmas, if it is to be cut off; null leaves nothing out."""
    motion_px: NonNegative | None = None
    """Motion blur: how far a point smears to either side, rounded to whole pixels."""
    motion_angle_deg: Distribution = Uniform(low=0.0, high=180.0)
    """The way that it smears: 0 along the rows, 90 along the columns, clockwise."""
    shot_noise: NonNegative | None = LogUniform(low=0.00003, high=0.001)
    """Variance of the noise that grows with the light, for a signal of 1."""
    read_noise: NonNegative | None = LogUniform(low=0.001, high=0.01)
    """Standard deviation of the noise that does not, for a signal of 1."""
    black_level: Distribution | None = None
    """What is added to every encoded value, in steps of 1/255."""
    black_std: NonNegative | None = None
    """Standard deviation of the noise on it, in steps of 1/255."""
    bits: Annotated[Distribution, bounded(1.0, 32.0)] | None = None
    """Bits of the converter, rounded: there are 2^bits levels from the baseline to white. 8 and more change nothing."""
    baseline: Annotated[Distribution, bounded(0.0, 254.0)] | None = None
    """The lowest encoded value there is, rounded, of 255."""
    jpeg_quality: Annotated[Distribution, bounded(1.0, 100.0)] | None = Uniform(low=50, high=95)
    """Quality of a JPEG compression by the camera, before the file is written."""
    jpeg_probability: float = Field(default=0.3, ge=0, le=1)
    """How often the camera compresses at all."""
