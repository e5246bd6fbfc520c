"""What may happen to a training image: one affine warp and one colour matrix, both drawn anew each time it is seen."""

from typing import Annotated

from pydantic import Field, model_validator

from meshsight.specs.base import Spec

Probability = Annotated[float, Field(ge=0, le=1)]


class ColourJitterSpec(Spec):
    """Random colour changes, each linear in RGB, so that all of them are one 3x4 matrix.

    A factor `f` is drawn from [1 - x, 1 + x] for each of brightness, contrast, saturation and channel gain.
    """

    brightness: float = Field(default=0.2, ge=0, lt=1)
    """Factor on all channels."""
    contrast: float = Field(default=0.2, ge=0, lt=1)
    """Factor on the distance from mid-grey (127.5)."""
    saturation: float = Field(default=0.3, ge=0, le=1)
    """Factor on the distance of a pixel from its own luma (Rec. 601)."""
    hue_deg: float = Field(default=5.0, ge=0, le=180)
    """Largest rotation about the grey axis of the RGB cube, either way."""
    channel_gain: float = Field(default=0.05, ge=0, lt=1)
    """Factor on each channel alone: a false white balance."""


class AugmentationSpec(Spec):
    """Random geometry and colour of training images; validation never sees it."""

    hflip: Probability = 0.5
    """Probability of mirroring left and right."""
    vflip: Probability = 0.0
    """Probability of mirroring top and bottom; for views without an up."""
    rotate90: Probability = 0.0
    """Probability of a rotation by 90, 180 or 270 degrees; for views without an up."""
    scale: tuple[float, float] = (0.8, 1.25)
    """Log-uniform factor on the scale at which the whole image just fits the input. Below 1 the image lies at a random
    place in grey; above 1 a random window of it is cropped."""
    aspect: float = Field(default=1.0, ge=1, le=4)
    """Largest factor by which width over height may change, either way."""
    translate: float = Field(default=0.0, ge=0, le=1)
    """Largest shift beyond that, as a fraction of the input's sides."""
    colour: ColourJitterSpec | None = ColourJitterSpec()
    """Colour changes, or none."""
    min_remaining: Probability = 0.3
    """An object of which less than this fraction of its box is left in the crop becomes an ignore region."""
    min_side_px: float = Field(default=3.0, ge=0)
    """An object whose shorter side at the network's input is below this becomes an ignore region."""

    @model_validator(mode="after")
    def _ordered(self) -> "AugmentationSpec":
        low, high = self.scale
        if not 0 < low <= high:
            raise ValueError(f"scale: expected 0 < low <= high, found {low:g}, {high:g}")
        return self
