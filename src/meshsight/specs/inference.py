"""How a trained detector is asked: views of an image, tiles of it, other thresholds, and how the answers are joined."""

from typing import Annotated, Literal

from pydantic import Field

from meshsight.core.kinds import Kinds
from meshsight.specs.base import Slot, Spec, VariantSpec
from meshsight.specs.decoding import DecodeSpec, Suppression

FUSION_KINDS = Kinds("meshsight.runtime.fusions", "fusion")

Flip = Literal["none", "horizontal", "vertical", "both"]
Scale = Annotated[float, Field(ge=0.1, le=8.0)]


class TilingSpec(Spec):
    """Tiles of a large image, looked at one by one, so that small objects stay large enough to be found."""

    size_px: int = Field(default=640, ge=32)
    """Side of a tile in pixels of the image."""
    overlap: float = Field(default=0.25, ge=0, le=0.9)
    """Share of a tile's side that the next one repeats; objects up to this size lie whole in one of the tiles."""
    sees_whole: bool = True
    """Whether the whole image is looked at, too, which finds what is larger than the overlap."""


class DecodeChanges(Spec):
    """Thresholds to use in place of the detector's own; null keeps its own."""

    score_threshold: float | None = Field(default=None, ge=0, le=1)
    """Candidates must score more than this."""
    nms_iou: float | None = Field(default=None, gt=0, le=1)
    """Overlap above which the weaker of two candidates of one class is suppressed."""
    suppression: Suppression | None = None
    """How weaker candidates are suppressed."""
    soft_sigma: float | None = Field(default=None, gt=0)
    """Of the gaussian suppression."""
    max_detections: int | None = Field(default=None, ge=1)
    """Detections kept for an image."""

    def applied_to(self, own: DecodeSpec) -> DecodeSpec:
        """Returns a detector's own thresholds with these changes."""
        return own.evolve(**self.model_dump(exclude_none=True))


class MemberSpec(Spec):
    """Another detector of an ensemble."""

    path: str = Field(min_length=1)
    """A run or an artifact that knows the same classes."""
    weight: float = Field(default=1.0, gt=0)
    """How much it is trusted; the first detector has 1."""


class PseudoLabelSpec(Spec):
    """Which detections become labels."""

    threshold: float = Field(default=0.5, ge=0, le=1)
    """Detections that score at least this are labels."""
    by_class: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(default_factory=dict)
    """Thresholds of single classes."""
    ignore_from: float | None = Field(default=0.2, ge=0, le=1)
    """What scores less than its threshold, but at least this, becomes a region to ignore; null: it is left out."""
    keeps_empty: bool = True
    """Whether images without a label are kept: they teach what is no object, or that something was missed."""


class InferenceSpec(Spec):
    """How images are looked at; the default is one look, as the detector was trained."""

    scales: Annotated[tuple[Scale, ...], Field(min_length=1)] = (1.0,)
    """Factors on the size of the network's input; others than 1 need a run, since an artifact's input is fixed."""
    flips: Annotated[tuple[Flip, ...], Field(min_length=1)] = ("none",)
    """How the image is mirrored in each view."""
    tiling: TilingSpec | None = None
    """Tiles of large images; null looks at whole images only."""
    members: tuple[MemberSpec, ...] = ()
    """More detectors whose answers are joined with the first one's."""
    decode: DecodeChanges = DecodeChanges()
    """Changes of the detector's own thresholds."""
    fusion: Annotated[VariantSpec, Slot(FUSION_KINDS)] = Field(default="wbf", validate_default=True)  # pyright: ignore[reportAssignmentType]
    """How the detections of several views, or of several detectors, become one list."""
    max_detections: int = Field(default=100, ge=1)
    """Detections kept for an image after the fusion."""

    @property
    def num_views(self) -> int:
        """Looks at each image, or at each tile of it."""
        return len(self.scales) * len(self.flips) * (1 + len(self.members))
