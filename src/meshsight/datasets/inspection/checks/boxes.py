"""Boxes: outside their image, degenerate, tiny, the whole image, the same again and again."""

import math
from array import array
from collections.abc import Iterator
from typing import Literal

import numpy as np
from pydantic import Field

from meshsight.datasets.inspection.checking import Subject, Whole
from meshsight.datasets.inspection.findings import Case, Fault
from meshsight.records.sample import Box
from meshsight.specs.base import VariantSpec

OUTSIDE = Fault(
    code="box_outside",
    severity="error",
    message="boxes reach out of their image",
    advice="mend the labels; --fix OUT clips those that overhang slightly",
)
DEGENERATE = Fault(
    code="box_degenerate",
    severity="error",
    message="boxes are empty, inside out or not numbers",
    advice="mend the labels, or drop them with --fix OUT",
)
TINY = Fault(
    code="box_tiny",
    severity="warning",
    message="boxes are only a few pixels wide or high",
    advice="a detector cannot learn them; label with larger images, or drop them",
)
WHOLE_IMAGE = Fault(
    code="box_whole_image",
    severity="warning",
    message="many boxes are the whole image",
    advice="look at some: this is what a failed conversion from image labels looks like",
)
IDENTICAL = Fault(
    code="box_identical",
    severity="warning",
    message="the same box stands in many images",
    advice="look at some: this is what a placeholder or a label that was copied looks like",
)
FAULTS = (OUTSIDE, DEGENERATE, TINY, WHOLE_IMAGE, IDENTICAL)


class Spec(VariantSpec):
    """Limits on boxes."""

    kind: Literal["boxes"] = "boxes"
    max_overhang_px: float = Field(0.01, ge=0)
    """A box may leave its image by this much: the rounding of formats that print a few digits."""
    min_side_px: float = Field(4.0, ge=0)
    """A box with a shorter side is tiny."""
    max_whole_share: float = Field(0.1, ge=0, le=1)
    """Share of the boxes that may be the whole image."""
    max_identical_share: float = Field(0.05, ge=0, le=1)
    """Share of the boxes that may be one and the same."""
    min_repeats: int = Field(10, ge=2)
    """Fewer boxes than this raise no suspicion."""


class BoxCheck:
    """Looks at boxes; 16 bytes are held for each."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._sides = array("f")
        self._num_whole = 0

    def look(self, subject: Subject) -> Iterator[Case]:
        """Checks each box against its image."""
        size_hw = subject.image.size_hw or subject.sample.size_hw
        for index, label in enumerate(subject.sample.objects):
            if not is_proper(label.box):
                yield subject.case(DEGENERATE, f"the box is {in_words(label.box)}", index)
            elif (overhang := overhang_px(label.box, size_hw)) > self._spec.max_overhang_px:
                detail = f"{in_words(label.box)} leaves {size_hw[1]} x {size_hw[0]} px by {overhang:.4g} px"
                yield subject.case(OUTSIDE, detail, index)
            elif not label.is_ignored:
                yield from self._size(subject, label.box, index, size_hw)

    def conclude(self, whole: Whole) -> Iterator[Case]:
        """Looks for boxes that are too often the same."""
        count = len(self._sides) // 4
        if self._num_whole >= max(self._spec.min_repeats, self._spec.max_whole_share * count):
            yield Case(fault=WHOLE_IMAGE, detail=f"{self._num_whole} of {count} boxes")
        if count:
            boxes, repeats = np.unique(np.array(self._sides).reshape(-1, 4), axis=0, return_counts=True)
            least = max(self._spec.min_repeats, self._spec.max_identical_share * count)
            for index in np.flatnonzero(repeats >= least):
                box = tuple(boxes[index].tolist())
                yield Case(fault=IDENTICAL, detail=f"{repeats[index]} of {count} boxes are {in_words(box)}")

    def _size(self, subject: Subject, box: Box, index: int, size_hw: tuple[int, int]) -> Iterator[Case]:
        width, height = box[2] - box[0], box[3] - box[1]
        if min(width, height) < self._spec.min_side_px:
            yield subject.case(TINY, f"{width:.3g} x {height:.3g} px", index)
        if width * height >= 0.99 * size_hw[0] * size_hw[1]:
            self._num_whole += 1
        else:
            self._sides.extend(box)


def build(spec: Spec) -> BoxCheck:
    """Returns the check."""
    return BoxCheck(spec)


def is_proper(box: Box) -> bool:
    """Tells whether a box has four numbers and an area."""
    return all(math.isfinite(side) for side in box) and box[2] > box[0] and box[3] > box[1]


def overhang_px(box: Box, size_hw: tuple[int, int]) -> float:
    """Returns by how much a box leaves its image at the worst side."""
    return max(-box[0], -box[1], box[2] - size_hw[1], box[3] - size_hw[0], 0.0)


def in_words(box: Box) -> str:
    """Returns a box as people read it: x1, y1, x2, y2."""
    return f"({', '.join(f'{side:g}' for side in box)})"
