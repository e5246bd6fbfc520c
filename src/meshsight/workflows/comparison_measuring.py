"""What `--against` measures of each of the two sides: the pixels of some images, and the labels of more of them."""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float

from meshsight.datasets.measures.difference import Measurements
from meshsight.datasets.measures.image_attributes import ImageAttributes, measure_files
from meshsight.datasets.measures.label_attributes import label_attributes
from meshsight.datasets.measures.sampling import Picked
from meshsight.workflows.comparison_words import COUNT_ATTRIBUTE, IMAGE_ATTRIBUTES, OBJECT_ATTRIBUTES

LARGEST_SIDE = 1024

log = logging.getLogger(__name__)


def common_side(ours: Sequence[Picked], real: Sequence[Picked]) -> int:
    """Returns the longer side at which both are looked at: that of the side with the smaller images, 1024 at most."""
    medians = [float(np.median([max(one.sample.size_hw) for one in side])) for side in (ours, real)]
    return min(LARGEST_SIDE, round(min(medians)))


def measure_pixels(picked: Sequence[Picked], side_px: int) -> dict[str, Measurements]:
    """Returns the image attributes of some samples, by key; images that cannot be read are left out with a warning."""
    found = measure_files([one.path for one in picked], side_px)
    groups = _groups(picked)
    kept = [(values, group) for values, group in zip(found, groups, strict=True) if values is not None]
    if len(kept) < len(picked):
        log.warning("%d images cannot be read and are left out of the comparison", len(picked) - len(kept))
    ids = np.array([group for _, group in kept], dtype=np.int64)
    return {
        attribute.key: Measurements(values=_column([values for values, _ in kept], attribute.key), groups=ids)
        for attribute in IMAGE_ATTRIBUTES
    }


def measure_labels(picked: Sequence[Picked]) -> dict[str, Measurements]:
    """Returns the attributes of the objects of some samples, by key; of ratios, the logarithms."""
    labels = label_attributes([one.sample for one in picked])
    groups = np.array(_groups(picked), dtype=np.int64)
    counts = np.bincount(labels.image, minlength=len(picked)).astype(np.float64)
    columns = (np.log(labels.scale), np.log(labels.aspect), labels.center[:, 0], labels.center[:, 1])
    by_object = {
        attribute.key: Measurements(values=column, groups=groups[labels.image])
        for attribute, column in zip(OBJECT_ATTRIBUTES, columns, strict=True)
    }
    return by_object | {COUNT_ATTRIBUTE.key: Measurements(values=counts, groups=groups)}


def _column(rows: Sequence[ImageAttributes], key: str) -> Float[np.ndarray, " n"]:
    return np.array([getattr(row, key) for row in rows], dtype=np.float64)


def _groups(picked: Sequence[Picked]) -> list[int]:
    ids: dict[tuple[Path, str], int] = {}
    return [ids.setdefault((one.root, one.sample.group), len(ids)) for one in picked]
