"""What may happen to a training image, drawn anew each time it is seen.

In this order: objects are pasted in, a window is taken, four images become one, one affine warp, a second image is laid
over it, one colour matrix. Every part is drawn from a random stream of its own, so that none moves the others.
"""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from meshsight.specs.base import Spec
from meshsight.specs.cropping import CropSpec, IouCropSpec, Probability, ZoomOutSpec
from meshsight.specs.mixing import CopyPasteSpec, MixupSpec, MosaicSpec


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
    probability: Probability = 1.0
    """Of each of the five, drawn apart; 0.5 in the photometric distortion of SSD and YOLOv3."""


class MultiScaleSpec(Spec):
    """Another size of the input for every few batches (YOLOX: 480 to 800 in steps of 32, every 10 batches)."""

    low: int = Field(default=480, ge=32)
    high: int = Field(default=800, ge=32)
    """Least and greatest longer side of the input in pixels; the other side keeps its share of it."""
    step: int = Field(default=32, ge=1)
    """Both sides are multiples of this, which must be one of the detector's stride."""
    every: int = Field(default=10, ge=1)
    """Batches of one size in a row."""

    @model_validator(mode="after")
    def _holds_a_size(self) -> "MultiScaleSpec":
        if self.high // self.step * self.step < max(self.low, self.step):
            raise ValueError(f"no multiple of {self.step} lies in [{self.low}, {self.high}]")
        return self


class AugmentationSpec(Spec):
    """Random geometry and colour of training images; validation never sees it."""

    hflip: Probability = 0.5
    """Probability of mirroring left and right."""
    vflip: Probability = 0.0
    """Probability of mirroring top and bottom; for views without an up."""
    rotate90: Probability = 0.0
    """Probability of a rotation by 90, 180 or 270 degrees; for views without an up."""
    scale: tuple[float, float] = (0.8, 1.25)
    """Factor on the scale at which the whole image just fits the input. Below 1 the image lies in grey; above 1 a
    random window of it is cropped. [0.1, 2] is large-scale jitter."""
    scale_sampling: Literal["log_uniform", "uniform"] = "log_uniform"
    """How the factor is drawn from `scale`: mmdetection and YOLOX draw it uniformly."""
    scale_choices: tuple[Annotated[float, Field(gt=0)], ...] | None = None
    """Factors to choose from, in place of `scale`; short sides of 640, 672, ... 800 are 0.8, 0.84, ... 1."""
    place: Literal["random", "top_left"] = "random"
    """Where an image smaller than the input lies in it."""
    aspect: float = Field(default=1.0, ge=1, le=4)
    """Largest factor by which width over height may change, either way."""
    translate: float = Field(default=0.0, ge=0, le=1)
    """Largest shift beyond that, as a fraction of the input's sides."""
    rotate_deg: float = Field(default=0.0, ge=0, le=180)
    """Largest rotation about the input's middle, either way. Boxes stay tight where the data have masks, and otherwise
    grow to hold their turned corners."""
    shear_deg: float = Field(default=0.0, ge=0, le=60)
    """Largest shear, either way, along x and y apart."""
    zoom_out: ZoomOutSpec | None = None
    """A larger grey image around this one, or none."""
    iou_crop: IouCropSpec | None = None
    """A window by overlap with the objects, or none."""
    crop: CropSpec | None = None
    """A window by size, or none."""
    mosaic: MosaicSpec | None = None
    """Four images in one, or none; an image in a mosaic is not cropped before."""
    mixup: MixupSpec | None = None
    """A second image over the first, or none."""
    copy_paste: CopyPasteSpec | None = None
    """Objects pasted from other images of the same source, or none."""
    multi_scale: MultiScaleSpec | None = None
    """Another size of the input for every few batches, or none."""
    colour: ColourJitterSpec | None = ColourJitterSpec()
    """Colour changes, or none."""
    plain_end: Probability = 0.0
    """Share of the run at its end in which images are only scaled to fit, flipped and coloured, so that it ends on what
    validation sees (`multi_scale` goes on); the last 15 of YOLOX's 300 epochs are 0.05."""
    min_remaining: Probability = 0.3
    """An object of which less than this fraction of its box is left in the crop becomes an ignore region."""
    min_side_px: float = Field(default=3.0, ge=0)
    """An object whose shorter side at the network's input is below this becomes an ignore region."""

    @model_validator(mode="after")
    def _ordered(self) -> "AugmentationSpec":
        low, high = self.scale
        if not 0 < low <= high:
            raise ValueError(f"scale: expected 0 < low <= high, found {low:g}, {high:g}")
        if self.scale_choices is not None and not self.scale_choices:
            raise ValueError("scale_choices: expected at least one factor, or none for `scale`")
        return self

    @property
    def largest_scale(self) -> float:
        """The largest factor that can be drawn."""
        return max(self.scale_choices) if self.scale_choices else self.scale[1]

    @property
    def is_affine_upright(self) -> bool:
        """Whether the warp only stretches, mirrors, shifts and turns by quarters, so that boxes stay boxes."""
        return self.rotate_deg == 0 and self.shear_deg == 0

    @property
    def plain(self) -> "AugmentationSpec":
        """What is left at the plain end."""
        still: dict[str, object] = {"scale": (1.0, 1.0), "scale_choices": None, "aspect": 1.0, "translate": 0.0}
        off = ("zoom_out", "iou_crop", "crop", "mosaic", "mixup", "copy_paste")
        return self.evolve(**still, rotate_deg=0.0, shear_deg=0.0, **dict.fromkeys(off))
