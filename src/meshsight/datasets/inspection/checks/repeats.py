"""The same picture, photograph or scene twice, within a split and, worse, in two of them."""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from meshsight.datasets.foreign import photograph_of
from meshsight.datasets.inspection.checking import Subject, Whole
from meshsight.datasets.inspection.duplicates import EqualImages, Likeness, Seen, SimilarImages
from meshsight.datasets.inspection.findings import Case, Fault
from meshsight.datasets.inspection.image_facts import Pixels
from meshsight.specs.base import VariantSpec

ROBOFLOW = ".rf."
LEAK = "what a detector has seen in training it knows in the test"

EQUAL = Fault(
    code="equal_images",
    severity="warning",
    message="image files have the same bytes as another",
    advice="remove one of each; they count double in training and in the figures",
)
EQUAL_ACROSS = Fault(
    code="equal_images_across_splits",
    severity="warning",
    message="image files have the same bytes as one of another split",
    advice=f"remove them from one of the splits: {LEAK}",
)
NEAR = Fault(
    code="near_duplicates",
    severity="warning",
    message="images look nearly the same as another",
    advice="thin them out, or see to it that they stay in one split",
)
NEAR_ACROSS = Fault(
    code="near_duplicates_across_splits",
    severity="warning",
    message="images look nearly the same as one of another split",
    advice=f"put them into one split: {LEAK}",
)
GROUP_ACROSS = Fault(
    code="group_across_splits",
    severity="warning",
    message="images of one scene or photograph lie in several splits",
    advice=f"split by group with `meshsight split`: {LEAK}",
)
FAULTS = (EQUAL, EQUAL_ACROSS, NEAR, NEAR_ACROSS, GROUP_ACROSS)


class Spec(VariantSpec):
    """How alike images must be."""

    kind: Literal["repeats"] = "repeats"
    max_bits: int = Field(10, ge=0, le=63)
    """Bits of the perceptual hash that may differ between near-duplicates."""
    min_correlation: float = Field(0.95, ge=-1, le=1)
    """Correlation of the thumbnails of near-duplicates."""


class RepeatCheck:
    """Remembers how every picture looked, and which split its group is in."""

    def __init__(self, spec: Spec) -> None:
        self._equal = EqualImages()
        self._similar = SimilarImages(Likeness(max_bits=spec.max_bits, min_correlation=spec.min_correlation))
        self._split_of_group: dict[str, Seen] = {}

    def look(self, subject: Subject) -> Iterator[Case]:
        """Compares a picture with all before it."""
        one = Seen(split=subject.split, image=subject.sample.image)
        if subject.image.pixels is not None:
            yield from self._picture(subject, one, subject.image.pixels)
        earlier = self._split_of_group.setdefault(_group(subject), one)
        if earlier.split != one.split:
            yield subject.case(GROUP_ACROSS, f"group '{subject.sample.group}' is also that of {_name(earlier)}")

    def conclude(self, whole: Whole) -> Iterator[Case]:
        """Has nothing to add."""
        yield from ()

    def _picture(self, subject: Subject, one: Seen, pixels: Pixels) -> Iterator[Case]:
        equal, similar = self._equal.add(one, pixels), self._similar.add(one, pixels)
        if equal is not None:
            yield subject.case(EQUAL_ACROSS if equal.split != one.split else EQUAL, f"the same as {_name(equal)}")
        elif similar is not None:
            yield subject.case(NEAR_ACROSS if similar.split != one.split else NEAR, f"much like {_name(similar)}")


def build(spec: Spec) -> RepeatCheck:
    """Returns the check."""
    return RepeatCheck(spec)


def _group(subject: Subject) -> str:
    """Names a sample's group for the whole data set.

    A group that is no more than the image's own path counts from the folder of its split: each may have a `0001.jpg`.
    """
    sample = subject.sample
    is_own_path = sample.group == photograph_of(sample.image) and ROBOFLOW not in sample.image
    return (subject.dataset.root / sample.group).as_posix() if is_own_path else sample.group


def _name(seen: Seen) -> str:
    return f"{seen.split}, {seen.image}" if seen.split else seen.image
