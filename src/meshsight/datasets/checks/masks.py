"""Masks that disagree with their boxes."""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from meshsight.core.masks import mask_box
from meshsight.datasets.checking import Subject, Whole
from meshsight.datasets.checks.boxes import in_words, is_proper
from meshsight.datasets.findings import Case, Fault
from meshsight.records.sample import Box
from meshsight.specs.base import VariantSpec

DISAGREES = Fault(
    code="mask_box_disagree",
    severity="error",
    message="masks and boxes of the same object disagree",
    advice="look at some and find out which is right; --fix OUT tightens the box where pixel counts prove the mask",
)
EMPTY = Fault(
    code="mask_empty",
    severity="error",
    message="masks are empty",
    advice="draw the mask, or leave it out",
)
MAX_GAP_PX = 2.0
FAULTS = (DISAGREES, EMPTY)


class Spec(VariantSpec):
    """How far masks may be from boxes."""

    kind: Literal["masks"] = "masks"
    max_gap_px: float = Field(MAX_GAP_PX, ge=0)
    """Between a side of the box and the mask's own box; polygons and their rounding cost up to one pixel."""


class MaskCheck:
    """Looks at masks."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec

    def look(self, subject: Subject) -> Iterator[Case]:
        """Compares each mask's own box with the box."""
        for index, label in enumerate(subject.sample.objects):
            if label.mask is None:
                continue
            tight = mask_box(label.mask)
            if tight is None:
                yield subject.case(EMPTY, "no pixel is set", index)
            elif is_proper(label.box) and (gap := gap_px(tight, label.box)) > self._spec.max_gap_px:
                detail = f"the mask fills {in_words(tight)}, the box is {in_words(label.box)}: {gap:.4g} px apart"
                yield subject.case(DISAGREES, detail, index)

    def conclude(self, whole: Whole) -> Iterator[Case]:
        """Has nothing to add."""
        yield from ()


def build(spec: Spec) -> MaskCheck:
    """Returns the check."""
    return MaskCheck(spec)


def gap_px(first: Box, second: Box) -> float:
    """Returns the largest distance between the same sides of two boxes."""
    return max(abs(a - b) for a, b in zip(first, second, strict=True))
