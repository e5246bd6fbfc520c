"""Training images made of several: mosaic, mixup, and objects pasted from one image into another."""

from pydantic import Field, model_validator

from meshsight.specs.base import Spec
from meshsight.specs.cropping import Probability


def _refuse_disorder(name: str, pair: tuple[float, float], least: float = 0.0) -> None:
    low, high = pair
    if not least < low <= high:
        raise ValueError(f"{name}: expected {least:g} < low <= high, found {low:g}, {high:g}")


class MosaicSpec(Spec):
    """Four images around a random centre, in a picture of twice the input's sides (YOLOv4, arXiv 2004.10934).

    `augmentation.scale`, rotation, shear and shift then move the whole picture about its middle, which at scale 1 shows
    half of it in width and height.
    """

    probability: Probability = 1.0
    centre: tuple[float, float] = (0.5, 1.5)
    """Where the four meet, in sides of the input, drawn apart for x and y."""

    @model_validator(mode="after")
    def _ordered(self) -> "MosaicSpec":
        low, high = self.centre
        if not 0 <= low <= high <= 2:
            raise ValueError(f"centre: expected 0 <= low <= high <= 2, found {low:g}, {high:g}")
        return self


class MixupSpec(Spec):
    """A second image laid over the first, with the objects of both (as YOLOX does it, arXiv 2107.08430)."""

    probability: Probability = 1.0
    scale: tuple[float, float] = (0.8, 1.6)
    """Uniform factor on the scale at which the second image fits the input."""
    share: float = Field(default=0.5, gt=0, lt=1)
    """Weight of the second image's pixels."""
    hflip: Probability = 0.5
    """Probability that the second image is mirrored."""

    @model_validator(mode="after")
    def _ordered(self) -> "MixupSpec":
        _refuse_disorder("scale", self.scale)
        return self


class CopyPasteSpec(Spec):
    """Objects cut out of another image along their masks and pasted in (arXiv 2012.07177).

    Objects without a mask are never pasted. What a pasted object hides is taken out of the masks below it, and their
    boxes shrink with them; an object without a mask keeps its box.
    """

    probability: Probability = 0.5
    max_objects: int = Field(default=8, ge=1)
    """Most objects pasted into one image; how many is drawn uniformly, from 1."""
    scale: tuple[float, float] = (0.5, 1.5)
    """Log-uniform factor on the size that each has in its own image."""
    hflip: Probability = 0.5
    """Probability that each is mirrored."""

    @model_validator(mode="after")
    def _ordered(self) -> "CopyPasteSpec":
        _refuse_disorder("scale", self.scale)
        return self
