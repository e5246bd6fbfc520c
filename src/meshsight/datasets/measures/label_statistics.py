"""What is in a labelled set, counted in one pass with a memory that does not grow: the numbers of the report card.

Shapes: c classes, v cells of the sphere of viewpoints, g x g cells of the image.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Int

from meshsight.datasets.measures.label_attributes import LabelAttributes, batches, label_attributes
from meshsight.datasets.measures.tally import Tally, by_factor, by_step
from meshsight.datasets.measures.viewpoints import sphere_cells
from meshsight.records.dataset import Dataset
from meshsight.records.sample import Sample

GRID = 48


@dataclass(slots=True, eq=False)
class LabelStatistics:
    """Counts over one set of labels. Regions to ignore count nowhere but in `num_ignored`.

    Attributes:
        classes: names by class id.
        num_images, num_empty: images, and those of them without an object.
        num_ignored, num_hidden: regions to ignore, and objects of the scenes with no visible pixel.
        sizes_hw: how many images have each size.
        class_counts, class_images: objects of each class, and images with at least one.
        per_image: how many images have how many objects.
        size_px, aspect: boxes by sqrt(area) in pixels and by width / height.
        visibility, truncation, occlusion: objects by share, where it is known.
        distance_m, roll_deg: objects with a pose.
        covered: how many boxes touch each cell of the image, rows downwards.
        views: objects of each class in each cell of `sphere_cells()`.
    """

    classes: tuple[str, ...]
    num_images: int = 0
    num_empty: int = 0
    num_ignored: int = 0
    num_hidden: int = 0
    sizes_hw: Counter[tuple[int, int]] = field(default_factory=Counter[tuple[int, int]])
    per_image: Counter[int] = field(default_factory=Counter[int])
    size_px: Tally = field(default_factory=lambda: by_factor(1.0, 16384.0, 4))
    aspect: Tally = field(default_factory=lambda: by_factor(1 / 16, 16.0, 6))
    visibility: Tally = field(default_factory=lambda: by_step(0.0, 1.0, 20))
    truncation: Tally = field(default_factory=lambda: by_step(0.0, 1.0, 20))
    occlusion: Tally = field(default_factory=lambda: by_step(0.0, 1.0, 20))
    distance_m: Tally = field(default_factory=lambda: by_factor(1 / 128, 2048.0, 6))
    roll_deg: Tally = field(default_factory=lambda: by_step(-180.0, 180.0, 36))
    class_counts: Int[np.ndarray, " c"] = field(init=False)
    class_images: Int[np.ndarray, " c"] = field(init=False)
    views: Int[np.ndarray, "c v"] = field(init=False)
    _corners: Int[np.ndarray, "g1 g1"] = field(init=False)

    def __post_init__(self) -> None:
        self.class_counts = np.zeros(len(self.classes), dtype=np.int64)
        self.class_images = np.zeros(len(self.classes), dtype=np.int64)
        self.views = np.zeros((len(self.classes), sphere_cells().num_cells), dtype=np.int64)
        self._corners = np.zeros((GRID + 1, GRID + 1), dtype=np.int64)

    @property
    def num_objects(self) -> int:
        """Objects that are not to be ignored."""
        return int(self.class_counts.sum())

    @property
    def covered(self) -> Int[np.ndarray, "g g"]:
        """How many boxes touch each cell of the image."""
        return self._corners.cumsum(axis=0).cumsum(axis=1)[:-1, :-1]

    def add(self, samples: Sequence[Sample]) -> None:
        """Counts some samples."""
        labels = label_attributes(samples)
        counts = np.bincount(labels.image, minlength=len(samples))
        self.num_images += len(samples)
        self.num_empty += int((counts == 0).sum())
        self.num_ignored += sum(label.is_ignored for sample in samples for label in sample.objects)
        self.num_hidden += sum(len(sample.hidden) for sample in samples)
        self.sizes_hw.update(sample.size_hw for sample in samples)
        self.per_image.update(counts.tolist())
        self._count_classes(labels)
        for tally, values in (
            (self.size_px, labels.size_px),
            (self.aspect, labels.aspect),
            (self.visibility, labels.visibility),
            (self.truncation, labels.truncation),
            (self.occlusion, labels.occlusion),
            (self.distance_m, labels.distance_m),
            (self.roll_deg, np.degrees(labels.roll_rad)),
        ):
            tally.add(values)
        self._count_places(labels.boxes)
        self._count_views(labels)

    def add_statistics(self, other: "LabelStatistics") -> None:
        """Adds the counts of another set with the same classes."""
        assert self.classes == other.classes
        for name in ("num_images", "num_empty", "num_ignored", "num_hidden"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("sizes_hw", "per_image"):
            getattr(self, name).update(getattr(other, name))
        for name in ("size_px", "aspect", "visibility", "truncation", "occlusion", "distance_m", "roll_deg"):
            getattr(self, name).add_tally(getattr(other, name))
        for name in ("class_counts", "class_images", "views", "_corners"):
            getattr(self, name).__iadd__(getattr(other, name))

    def _count_classes(self, labels: LabelAttributes) -> None:
        self.class_counts += np.bincount(labels.class_id, minlength=len(self.classes))
        pairs = np.unique(np.stack([labels.image, labels.class_id], axis=1), axis=0)
        self.class_images += np.bincount(pairs[:, 1], minlength=len(self.classes))

    def _count_places(self, boxes: Float[np.ndarray, "n 4"]) -> None:
        """Marks the corners of each box's cells; their running sum fills the boxes, whatever their size."""
        low = np.clip(np.floor(boxes[:, :2] * GRID).astype(np.int64), 0, GRID - 1)
        high = np.clip(np.ceil(boxes[:, 2:] * GRID).astype(np.int64), low + 1, GRID)
        for x, y, sign in ((low, low, 1), (high, low, -1), (low, high, -1), (high, high, 1)):
            np.add.at(self._corners, (y[:, 1], x[:, 0]), sign)

    def _count_views(self, labels: LabelAttributes) -> None:
        is_known = np.isfinite(labels.direction).all(axis=1)
        cells = sphere_cells().cell_of(labels.direction[is_known])
        np.add.at(self.views, (labels.class_id[is_known], cells), 1)


def measure_labels(dataset: Dataset) -> LabelStatistics:
    """Counts a data set in one pass over its labels.

    Raises:
        DataError: a label is bad.
    """
    statistics = LabelStatistics(dataset.classes)
    for batch in batches(dataset.samples()):
        statistics.add(batch)
    return statistics
