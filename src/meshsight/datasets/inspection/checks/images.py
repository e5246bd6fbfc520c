"""Image files: missing, unreadable, of another size than labelled, black, blown out, all of one brightness."""

from collections.abc import Iterator
from typing import Literal

import numpy as np
from pydantic import Field

from meshsight.datasets.inspection.checking import Subject, Whole
from meshsight.datasets.inspection.findings import Case, Fault
from meshsight.datasets.inspection.image_facts import Pixels
from meshsight.specs.base import VariantSpec

MISSING = Fault(
    code="image_missing",
    severity="error",
    message="labels name an image that is not there",
    advice="bring the file back, or drop the labels with --fix OUT",
)
UNREADABLE = Fault(
    code="image_unreadable",
    severity="error",
    message="images are truncated, damaged or no images",
    advice="fetch the file again, or drop it with --fix OUT",
)
WRONG_SIZE = Fault(
    code="wrong_size",
    severity="error",
    message="images have another size than their labels say",
    advice="find out which of the two is right; --fix OUT corrects the label where its boxes fit the image only",
)
BLACK = Fault(
    code="black_image",
    severity="warning",
    message="images are black",
    advice="nothing can be learned from them; remove them, or look for a light or an exposure that failed",
)
BLOWN_OUT = Fault(
    code="blown_out_image",
    severity="warning",
    message="images are blown out to white",
    advice="lower the exposure, or remove them",
)
ONE_BRIGHTNESS = Fault(
    code="one_brightness",
    severity="warning",
    message="all images have the same brightness",
    advice="vary light and exposure: a detector trained on this fails at another time of day",
)
FAULTS = (MISSING, UNREADABLE, WRONG_SIZE, BLACK, BLOWN_OUT, ONE_BRIGHTNESS)


class Spec(VariantSpec):
    """Limits on what an image may be."""

    kind: Literal["images"] = "images"
    max_dark: float = Field(0.99, gt=0, le=1)
    """An image with more than this share of its pixels below grey level 20 is black."""
    max_bright: float = Field(0.8, gt=0, le=1)
    """An image with more than this share of its pixels above grey level 250 is blown out."""
    min_spread: float = Field(3.0, ge=0)
    """Standard deviation of the images' mean grey levels, below which they have one brightness."""
    min_images: int = Field(20, ge=2)
    """Fewer images than this may have one brightness."""


class ImageCheck:
    """Looks at image files."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._brightness: list[float] = []

    def look(self, subject: Subject) -> Iterator[Case]:
        """Checks that the image is there, whole and of its labels' size, and that it shows something."""
        image = subject.image
        if image.size_hw is None:
            yield subject.case(MISSING if image.is_missing else UNREADABLE, image.problem)
            return
        if image.size_hw != subject.sample.size_hw:
            yield subject.case(WRONG_SIZE, _sizes(subject, image.size_hw))
        if image.pixels is not None:
            yield from self._light(subject, image.pixels)

    def conclude(self, whole: Whole) -> Iterator[Case]:
        """Compares the images' brightness."""
        if len(self._brightness) < self._spec.min_images:
            return
        spread = float(np.std(self._brightness))
        if spread < self._spec.min_spread:
            mean = float(np.mean(self._brightness))
            yield Case(
                fault=ONE_BRIGHTNESS,
                detail=f"the mean grey level of {len(self._brightness)} images is {mean:.0f} +- {spread:.2g} of 255",
            )

    def _light(self, subject: Subject, pixels: Pixels) -> Iterator[Case]:
        self._brightness.append(pixels.brightness)
        if pixels.dark > self._spec.max_dark:
            yield subject.case(BLACK, f"{pixels.dark:.1%} of its pixels are below grey level 20")
        if pixels.bright > self._spec.max_bright:
            yield subject.case(BLOWN_OUT, f"{pixels.bright:.1%} of its pixels are above grey level 250")


def build(spec: Spec) -> ImageCheck:
    """Returns the check."""
    return ImageCheck(spec)


def _sizes(subject: Subject, size_hw: tuple[int, int]) -> str:
    said = subject.sample.size_hw
    text = f"the label says {said[1]} x {said[0]} px, the file has {size_hw[1]} x {size_hw[0]}"
    if said != (size_hw[1], size_hw[0]):
        return text
    is_turned = subject.image.pixels is not None and subject.image.pixels.is_turned
    return f"{text}: width and height are swapped{' (the file asks to be turned by EXIF)' if is_turned else ''}"
