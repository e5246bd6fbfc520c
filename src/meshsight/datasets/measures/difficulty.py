"""How hard a labelled set is: what share of its objects is small, large, hidden or cut off."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from meshsight.records.sample import ObjectLabel, Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Difficulty:
    """Shares are of the objects that count: not ignored, and at least `min_visibility` visible where that is known.

    Attributes:
        num_images, num_objects: sizes; `num_objects` counts those that count.
        num_classes: classes with at least one object that counts.
        fewest_objects, most_objects: labelled objects in the image with fewest and most, hidden ones included.
        small: longest side of the box under 40 px.
        large: longest side over 120 px.
        occluded: more than 20 % of what lies inside the image is hidden.
        truncated: more than 5 % of the object lies outside the image.
    """

    num_images: int
    num_objects: int
    num_classes: int
    fewest_objects: int
    most_objects: int
    small: float
    large: float
    occluded: float
    truncated: float


def measure_difficulty(samples: Iterable[Sample], *, min_visibility: float, px_scale: float = 1.0) -> Difficulty:
    """Measures a set in one pass.

    Args:
        samples: the labelled images.
        min_visibility: objects below it do not count.
        px_scale: network input pixels for each image pixel.
    """
    counts: list[int] = []
    kept: list[ObjectLabel] = []
    for sample in samples:
        counts.append(len(sample.objects) + len(sample.hidden))
        kept += [label for label in sample.objects if _counts(label, min_visibility)]
    boxes = np.array([label.box for label in kept], dtype=np.float64).reshape(-1, 4)
    longest = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=0) * px_scale
    known = [label.pixels for label in kept if label.pixels is not None]
    return Difficulty(
        num_images=len(counts),
        num_objects=len(kept),
        num_classes=len({label.class_id for label in kept}),
        fewest_objects=min(counts, default=0),
        most_objects=max(counts, default=0),
        small=_share(longest < 40),
        large=_share(longest > 120),
        occluded=_share(np.array([pixels.occlusion > 0.2 for pixels in known])),
        truncated=_share(np.array([pixels.truncation > 0.05 for pixels in known])),
    )


def _counts(label: ObjectLabel, min_visibility: float) -> bool:
    return not label.is_ignored and (label.pixels is None or label.pixels.visibility >= min_visibility)


def _share(flags: np.ndarray) -> float:
    return float(flags.mean()) if flags.size else 0.0
