"""Windows of a training image, taken before it is scaled: zooming out, cropping by overlap, cropping by size."""

from typing import Annotated

from pydantic import Field, model_validator

from meshsight.specs.base import Spec

Probability = Annotated[float, Field(ge=0, le=1)]


class ZoomOutSpec(Spec):
    """The image at a random place in a larger grey one (SSD, arXiv 1512.02325; mmdetection's Expand)."""

    probability: Probability = 0.5
    ratio: tuple[float, float] = (1.0, 2.0)
    """Uniform factor by which both sides grow."""

    @model_validator(mode="after")
    def _ordered(self) -> "ZoomOutSpec":
        low, high = self.ratio
        if not 1 <= low <= high:
            raise ValueError(f"ratio: expected 1 <= low <= high, found {low:g}, {high:g}")
        return self


class IouCropSpec(Spec):
    """A window that overlaps every object in it by a drawn least IoU (SSD; mmdetection's MinIoURandomCrop)."""

    probability: Probability = 1.0
    """Of trying at all; 0.8 in RT-DETR (arXiv 2304.08069)."""
    min_ious: tuple[Probability, ...] = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
    """Least IoUs to choose from; as likely as each of them are a window without any, and no crop at all."""
    min_side: float = Field(default=0.3, gt=0, le=1)
    """Shortest side of the window as a share of the image's."""
    tries: int = Field(default=50, ge=1)
    """Windows tried before the image is left whole."""


class CropSpec(Spec):
    """A window of random size, as DETR takes one before it scales (arXiv 2005.12872)."""

    probability: Probability = 0.5
    short_sides: tuple[Annotated[int, Field(ge=1)], ...] = (400, 500, 600)
    """To one of these the shorter side of the image is thought scaled, which gives `size_px` its meaning."""
    size_px: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]] = (384, 600)
    """Least and greatest side of the window, each side drawn apart."""

    @model_validator(mode="after")
    def _ordered(self) -> "CropSpec":
        if not self.short_sides:
            raise ValueError("short_sides: expected at least one")
        if self.size_px[0] > self.size_px[1]:
            raise ValueError(f"size_px: expected low <= high, found {self.size_px[0]}, {self.size_px[1]}")
        return self
