"""Masks that disagree with their boxes."""

from collections.abc import Iterator
from typing import Literal

import numpy as np
from pydantic import Field

from meshsight.core.masks import mask_box
from meshsight.datasets.inspection.checking import Subject, Whole
from meshsight.datasets.inspection.checks.boxes import in_words, is_proper
from meshsight.datasets.inspection.findings import Case, Fault
from meshsight.records.sample import Box, Polygon
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
POLYGON_OUTSIDE = Fault(
    code="polygon_outside",
    severity="warning",
    message="polygons reach out of their image",
    advice="programs differ in where they cut them; clip them, and their boxes too",
)
MAX_GAP_PX = 2.0
FAULTS = (DISAGREES, EMPTY, POLYGON_OUTSIDE)


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
            if (overhang := _overhang_px(label.polygons or (), subject.sample.size_hw)) > self._spec.max_gap_px:
                yield subject.case(POLYGON_OUTSIDE, f"by {overhang:.4g} px", index)

    def conclude(self, whole: Whole) -> Iterator[Case]:
        """Has nothing to add."""
        yield from ()


def build(spec: Spec) -> MaskCheck:
    """Returns the check."""
    return MaskCheck(spec)


def _overhang_px(polygons: tuple[Polygon, ...], size_hw: tuple[int, int]) -> float:
    """Returns by how much the furthest corner of polygons leaves their image."""
    limit = np.array([size_hw[1], size_hw[0]])
    return max((float(np.max([-points, points - limit])) for points in polygons if len(points)), default=0.0)


def gap_px(first: Box, second: Box) -> float:
    """Returns the largest distance between the same sides of two boxes."""
    return max(abs(a - b) for a, b in zip(first, second, strict=True))
