"""How patches are cut from labelled images: where, how large, in which colours, and what counts as what."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from meshsight.specs.base import Spec
from meshsight.specs.cropping import Probability

ColourMode = Literal["gray", "rgb", "y_cv2", "y_pil", "yuv422_cv2", "yuv422_pil"]
Side = Annotated[int, Field(ge=4, le=512)]
Ratio = Annotated[float, Field(gt=0)]


class ProposalSpec(Spec):
    """Squares around objects, as a robot's quick search proposes them: never quite right."""

    per_object: int = Field(default=3, ge=1)
    """Patches cut of each object."""
    scale: tuple[Ratio, Ratio] = (1.05, 2.2)
    """Smallest and largest side, in diameters of the object; drawn evenly in ratio."""
    shift: float = Field(default=0.24, ge=0, le=1)
    """Largest distance of the object's centre from the patch's, in sides of the patch; even over the disc."""


class NegativeSpec(Spec):
    """Squares without an object of the classes; what they show is chosen to be hard."""

    near: float = Field(default=1.0, ge=0)
    """Near misses beside each object: most of it lies outside, or it is a small part of the patch's corner."""
    busy: float = Field(default=6.0, ge=0)
    """In each image, squares with strong edges: each the busiest of `candidates`."""
    anywhere: float = Field(default=1.0, ge=0)
    """In each image, squares anywhere."""
    others: float = Field(default=2.0, ge=0)
    """Around each object of a class that is not among `classes`."""
    candidates: int = Field(default=10, ge=1)
    """Squares of which the busiest is taken."""
    side_px: tuple[Side, Side] = (14, 110)
    """Smallest and largest side of squares that belong to no object, in pixels of the image; drawn evenly in ratio."""


class PatchMakeSpec(Spec):
    """A recipe for patches."""

    version: Literal[1] = 1
    size_hw: tuple[Side, Side] = (16, 16)
    """Height and width of the patches."""
    border: float = Field(default=0.0, ge=0, le=1)
    """Share of the side that is added on each side of a square; 0.1 and 0.2 are usual."""
    colour: ColourMode = "y_cv2"
    """`gray` and `y_cv2` are OpenCV's luminance and `y_pil` that of PIL, which rounds otherwise; the colours of
    `yuv422_cv2` (OpenCV's YUV) and `yuv422_pil` (PIL's YCbCr) differ much: train on what the robot's code makes."""
    resample: Literal["area", "nearest", "linear"] = "area"
    """How a square becomes a patch; `nearest` takes single pixels, as fast code on robots does."""
    outside: int = Field(default=128, ge=0, le=255)
    """Grey that stands for what lies outside the image."""
    classes: dict[str, Annotated[float, Field(gt=0, le=1)]] = Field(default_factory=lambda: {"ball": 0.5})
    """Classes and the share of an object that must be seen in a patch that is called so (NaoTH: ball 0.5, robot 0.4,
    penalty_mark 0.75). What is hidden or lies outside the image is not seen; where only a box is known, its share
    counts. A patch of which two classes can be said is left out."""
    background_below: Probability = 0.15
    """A patch that shows less of each object than this is called nothing; between this and the class's share it is left
    out."""
    covered_below: Probability = 0.25
    """One that an object covers by more than this is not called nothing either: it may lie inside a large ball."""
    min_visibility: Probability = 0.5
    """Objects less visible than this (where that is known) get no patches, and none that shows them counts as empty."""
    min_side_px: float = Field(default=8.0, gt=0)
    """Objects smaller than this in the image get none either."""
    proposals: ProposalSpec = ProposalSpec()
    negatives: NegativeSpec = NegativeSpec()
    split: dict[str, Annotated[float, Field(gt=0, le=1)]] | None = None
    """Shares of splits, such as {train: 0.7, validation: 0.15, test: 0.15}, stratified by class; patches of one group
    of images stay together. None: one set."""
    target: Literal["circle", "class"] = "circle"
    """What is said of each patch: the circle of the object, or its class alone."""
    seed: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _consistent(self) -> "PatchMakeSpec":
        if not self.classes:
            raise ValueError("classes: name at least one class to cut")
        for name, (low, high) in {"proposals.scale": self.proposals.scale, "side_px": self.negatives.side_px}.items():
            if low > high:
                raise ValueError(f"{name}: expected low <= high, found {low:g}, {high:g}")
        if self.split is not None and abs(sum(self.split.values()) - 1) > 1e-6:
            raise ValueError(f"split: the shares sum to {sum(self.split.values()):g} instead of 1")
        if self.colour.startswith("yuv422") and self.size_hw[1] % 2:
            raise ValueError(f"size_hw: YUV 4:2:2 has pairs of pixels; a width of {self.size_hw[1]} is odd")
        return self
