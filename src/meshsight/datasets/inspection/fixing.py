"""Repairs of labels that have exactly one right answer; everything else is left to a person.

| fault | repair |
|---|---|
| image missing or unreadable | its labels are dropped |
| image labelled twice with the same objects | the second label is dropped |
| wrong size, and the boxes fit only the image that is there | the size is corrected |
| box that overhangs slightly | clipped |
| degenerate box | that of the mask, or else dropped |
| object labelled twice in all its parts | the second is dropped |
| box beside its mask, where the pixel count proves the mask | tightened |
| corners turned as in Isaac | put into our order |
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, fields, is_dataclass, replace
from enum import StrEnum

import numpy as np

from meshsight.core.boxes import clip_boxes
from meshsight.core.masks import mask_area, mask_box
from meshsight.datasets.inspection.checks.boxes import is_proper, overhang_px
from meshsight.datasets.inspection.checks.labels import place_of
from meshsight.datasets.inspection.checks.masks import MAX_GAP_PX, gap_px
from meshsight.datasets.inspection.corner_order import MAX_REPROJECTION_PX, in_our_order, order_of
from meshsight.datasets.inspection.image_facts import ImageFacts
from meshsight.records.dataset import Dataset
from meshsight.records.sample import Box, ObjectLabel, Sample

SLIGHT_PX = 2.0
SLIGHT_SHARE = 0.1
"""A box overhangs slightly by up to SLIGHT_PX, or with up to SLIGHT_SHARE of its area."""


class Repair(StrEnum):
    """Something that was mended; the value is what people read after the number."""

    IMAGE_DROPPED = "labels of missing or unreadable images dropped"
    IMAGE_TWICE = "second labels of the same image dropped"
    SIZE = "image sizes corrected"
    CLIPPED = "boxes clipped to their image"
    BOX_OF_MASK = "boxes drawn anew around their mask"
    OBJECT_DROPPED = "objects with a degenerate box dropped"
    OBJECT_TWICE = "second labels of the same object dropped"
    CORNERS = "cuboids put into our corner order"


@dataclass(slots=True)
class Repairs:
    """Counts what the last pass over a data set mended."""

    counts: Counter[Repair] = field(default_factory=Counter[Repair])


def repair_dataset(dataset: Dataset, faulty: Mapping[str, ImageFacts]) -> tuple[Dataset, Repairs]:
    """Returns a data set whose samples are mended as they stream, and the count of the last pass.

    Args:
        dataset: read with lenient settings.
        faulty: what is true of the images that are missing, unreadable or of another size than labelled, by their name
            in the labels.
    """
    repairs = Repairs()
    names = Counter(sample.image for sample in dataset.samples())
    twice = frozenset(name for name, count in names.items() if count > 1)

    def samples() -> Iterator[Sample]:
        repairs.counts.clear()
        unique = _without_twin_images(dataset.samples(), twice, repairs.counts)
        mended = (repair_sample(sample, faulty.get(sample.image), repairs.counts) for sample in unique)
        return (sample for sample in mended if sample is not None)

    return replace(dataset, samples=samples, num_samples=sum(1 for _ in samples())), repairs


def repair_sample(sample: Sample, image: ImageFacts | None, counts: Counter[Repair]) -> Sample | None:
    """Returns a mended sample, or None when its image cannot be used.

    Args:
        sample: the labels.
        image: what is true of its image, if that is not what the label says.
        counts: is added to.
    """
    if image is not None and image.size_hw is None:
        counts[Repair.IMAGE_DROPPED] += 1
        return None
    if image is not None and image.size_hw is not None and is_size_certain(sample, image.size_hw):
        counts[Repair.SIZE] += 1
        sample = replace(sample, size_hw=image.size_hw)
    labels = (_repair_label(label, sample, counts) for label in _without_twins(sample.objects, counts))
    return replace(sample, objects=tuple(label for label in labels if label is not None))


def is_size_certain(sample: Sample, size_hw: tuple[int, int]) -> bool:
    """Tells whether the labels were made on the image as it is, so that only the size they state is wrong.

    An image that was scaled afterwards keeps its shape: then the boxes may be wrong too. Masks and cameras are bound to
    the size that they were made for.
    """
    height, width = sample.size_hw
    is_scaled = abs(height * size_hw[1] - width * size_hw[0]) <= max(*size_hw, height, width)
    is_bound = sample.camera is not None or any(label.mask is not None for label in sample.objects)
    fits = all(overhang_px(label.box, size_hw) <= SLIGHT_PX for label in sample.objects if is_proper(label.box))
    return fits and not is_bound and not is_scaled


def is_same(first: object, second: object) -> bool:
    """Tells whether two records hold the same, arrays included."""
    if isinstance(first, np.ndarray) and isinstance(second, np.ndarray):
        return np.array_equal(first, second, equal_nan=True)
    if type(first) is not type(second):
        return False
    if is_dataclass(first):
        return all(is_same(getattr(first, one.name), getattr(second, one.name)) for one in fields(first))
    if isinstance(first, tuple) and isinstance(second, tuple):
        return len(first) == len(second) and all(is_same(a, b) for a, b in zip(first, second, strict=True))
    return first == second


def _without_twin_images(samples: Iterable[Sample], twice: Set[str], counts: Counter[Repair]) -> Iterator[Sample]:
    """Leaves out a sample whose image came before with the same content; holds only those of the images in `twice`."""
    held: dict[str, Sample] = {}
    for sample in samples:
        if sample.image in twice:
            first = held.setdefault(sample.image, sample)
            if first is not sample and is_same(replace(sample, frame=first.frame), first):
                counts[Repair.IMAGE_TWICE] += 1
                continue
        yield sample


def _without_twins(labels: Sequence[ObjectLabel], counts: Counter[Repair]) -> Iterator[ObjectLabel]:
    first: dict[tuple[object, ...], list[ObjectLabel]] = {}
    for label in labels:
        earlier = first.setdefault(place_of(label), [])
        if any(is_same(label, other) for other in earlier):
            counts[Repair.OBJECT_TWICE] += 1
        else:
            earlier.append(label)
            yield label


def _repair_label(label: ObjectLabel, sample: Sample, counts: Counter[Repair]) -> ObjectLabel | None:
    box, repair = _mended_box(label, sample.size_hw)
    if repair is not None:
        counts[repair] += 1
    if box is None:
        return None
    label = label if box == label.box else replace(label, box=box)
    found = order_of(label, sample, MAX_REPROJECTION_PX)
    if found is not None and found[0] == "turned":
        counts[Repair.CORNERS] += 1
        return in_our_order(label)
    return label


def _mended_box(label: ObjectLabel, size_hw: tuple[int, int]) -> tuple[Box | None, Repair | None]:
    """Returns the box as it should be, or None when the object is to go, and what was done."""
    tight = None if label.mask is None else mask_box(label.mask)
    if not is_proper(label.box):
        return (tight, Repair.BOX_OF_MASK) if tight is not None else (None, Repair.OBJECT_DROPPED)
    if tight is not None and _is_proved(label) and gap_px(tight, label.box) > MAX_GAP_PX:
        return tight, Repair.BOX_OF_MASK
    if overhang_px(label.box, size_hw) == 0:
        return label.box, None
    clipped = _clip(label.box, size_hw)
    if overhang_px(label.box, size_hw) > SLIGHT_PX and _area(clipped) < (1 - SLIGHT_SHARE) * _area(label.box):
        return label.box, None
    return (clipped, Repair.CLIPPED) if is_proper(clipped) else (None, Repair.OBJECT_DROPPED)


def _is_proved(label: ObjectLabel) -> bool:
    """Tells whether an exact count of the visible pixels confirms the mask."""
    return label.mask is not None and label.pixels is not None and mask_area(label.mask) == label.pixels.visible


def _clip(box: Box, size_hw: tuple[int, int]) -> Box:
    x1, y1, x2, y2 = clip_boxes(np.array([box]), size_hw)[0].tolist()
    return x1, y1, x2, y2


def _area(box: Box) -> float:
    return max(box[2] - box[0], 0.0) * max(box[3] - box[1], 0.0)
