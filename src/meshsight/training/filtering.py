"""What a training leaves out of its data, with a count of everything; said once and kept in the run."""

import logging
from dataclasses import replace

import numpy as np
from jaxtyping import Bool

from meshsight.specs.base import Spec
from meshsight.specs.training_data import DataSpec
from meshsight.training.labels import LabelTable

log = logging.getLogger(__name__)


class LeftOut(Spec):
    """What of one source is not learnt from, or only as regions to ignore."""

    images_small: int = 0
    """Left out: shorter side below `data.min_image_px`."""
    images_empty: int = 0
    """Left out: nothing to find in them."""
    boxes_without_area: int = 0
    """Left out."""
    boxes_crowd: int = 0
    """Regions that the data set says to ignore: ignored, left out or asked for, as `data.crowds` says."""
    boxes_hidden: int = 0
    """Ignored: less visible than `min_visibility`."""
    boxes_tiny: int = 0
    """Ignored: shorter side below `data.min_box_px`."""


def filter_labels(labels: LabelTable, spec: DataSpec) -> tuple[LabelTable, tuple[LeftOut, ...]]:
    """Leaves out what the recipe says, and counts it for each source."""
    sides = (labels.boxes[:, 2:] - labels.boxes[:, :2]).min(axis=1, initial=np.inf)
    is_flat = sides <= 0
    is_tiny = ~is_flat & ~labels.is_ignored & (sides < spec.min_box_px)
    is_hidden = labels.is_ignored & ~labels.is_crowd & ~is_flat
    is_ignored = labels.is_ignored | is_tiny
    keep = ~is_flat
    if spec.crowds == "drop":
        keep &= ~labels.is_crowd
    elif spec.crowds == "keep":
        is_ignored = is_ignored & ~labels.is_crowd
    image_ids = np.repeat(np.arange(len(labels)), np.diff(labels.first))
    num_asked = np.bincount(image_ids[keep & ~is_ignored], minlength=len(labels))
    is_small = labels.sizes_hw.min(axis=1, initial=1 << 30) < spec.min_image_px
    is_empty = ~is_small & (num_asked == 0) & spec.drop_empty
    of_box = labels.source_ids[image_ids]
    left_out = tuple(
        LeftOut(
            images_small=_count(is_small, labels.source_ids == number),
            images_empty=_count(is_empty, labels.source_ids == number),
            boxes_without_area=_count(is_flat, of_box == number),
            boxes_crowd=_count(labels.is_crowd & ~is_flat, of_box == number),
            boxes_hidden=_count(is_hidden, of_box == number),
            boxes_tiny=_count(is_tiny, of_box == number),
        )
        for number in range(len(labels.sources))
    )
    return _subset(replace(labels, is_ignored=is_ignored), ~(is_small | is_empty), keep), left_out


def say_left_out(sources: tuple[str, ...], left_out: tuple[LeftOut, ...]) -> None:
    """Says what was left out, one line for each source of which anything was."""
    for name, counts in zip(sources, left_out, strict=True):
        said = [f"{key.replace('_', ' ')} {count}" for key, count in counts.model_dump().items() if count]
        if said:
            log.info("%s: not asked for or left out: %s", name, ", ".join(said))


def _count(flags: Bool[np.ndarray, " _"], of_source: Bool[np.ndarray, " _"]) -> int:
    return int((flags & of_source).sum())


def _subset(labels: LabelTable, keep_images: Bool[np.ndarray, " _"], keep_boxes: Bool[np.ndarray, " _"]) -> LabelTable:
    if keep_images.all() and keep_boxes.all():
        return labels
    image_ids = np.repeat(np.arange(len(labels)), np.diff(labels.first))
    kept = keep_boxes & keep_images[image_ids]
    counts = np.bincount(image_ids[kept], minlength=len(labels))[keep_images]
    return replace(
        labels,
        paths=tuple(path for path, is_kept in zip(labels.paths, keep_images, strict=True) if is_kept),
        source_ids=labels.source_ids[keep_images],
        sizes_hw=labels.sizes_hw[keep_images],
        first=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        boxes=labels.boxes[kept],
        class_ids=labels.class_ids[kept],
        is_ignored=labels.is_ignored[kept],
        is_crowd=labels.is_crowd[kept],
        masks=tuple(mask for mask, is_kept in zip(labels.masks, kept, strict=True) if is_kept) if labels.masks else (),
        hulls=None if labels.hulls is None else labels.hulls[kept],
    )
