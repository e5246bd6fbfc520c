"""The labels of whole data sets as a few compact arrays, so that a million boxes cost megabytes and no parsing."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float32, Int64

from meshsight.core.errors import DataError
from meshsight.records.dataset import Dataset
from meshsight.records.sample import ObjectLabel


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelTable:
    """Images with their boxes; those of image i are rows first[i]:first[i + 1].

    Attributes:
        paths: image files.
        classes: names by class id.
        sizes_hw: image sizes.
        boxes: xyxy in pixels of the stored image.
        class_ids: from 0.
        is_ignored: neither to be found nor background.
    """

    paths: tuple[Path, ...]
    classes: tuple[str, ...]
    sizes_hw: Int64[np.ndarray, "n 2"]
    first: Int64[np.ndarray, " n_plus_1"]
    boxes: Float32[np.ndarray, "m 4"]
    class_ids: Int64[np.ndarray, " m"]
    is_ignored: Bool[np.ndarray, " m"]

    def __len__(self) -> int:
        return len(self.paths)

    def rows(self, index: int) -> slice:
        """Returns the rows of one image's objects."""
        return slice(int(self.first[index]), int(self.first[index + 1]))

    def image_hw(self, index: int) -> tuple[int, int]:
        """Returns the size of one image."""
        height, width = self.sizes_hw[index]
        return int(height), int(width)

    def objects_per_class(self) -> dict[str, int]:
        """Counts the objects that are to be found, by class name."""
        counts = np.bincount(self.class_ids[~self.is_ignored], minlength=len(self.classes))
        return {name: int(count) for name, count in zip(self.classes, counts, strict=True)}

    def fingerprint(self) -> str:
        """Returns 16 hexadecimal digits that name classes, image names and labels, not where the folder lies."""
        digest = hashlib.sha256("\x1f".join([*self.classes, *(path.name for path in self.paths)]).encode())
        for array in (self.sizes_hw, self.first, self.boxes, self.class_ids, self.is_ignored):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()[:16]


def read_labels(datasets: Sequence[Dataset], min_visibility: float) -> LabelTable:
    """Reads the labels of one or more data sets of the same classes, once.

    Args:
        datasets: at least one.
        min_visibility: objects known to be less visible become ignore regions.

    Raises:
        DataError: a set is empty, or their classes differ.
    """
    classes = datasets[0].classes
    for dataset in datasets:
        if dataset.classes != classes:
            raise DataError(
                f"{dataset.name}: its classes ({', '.join(dataset.classes)}) are not those of {datasets[0].name} "
                f"({', '.join(classes)}). Names and order must be equal; `meshsight merge` maps them."
            )
    paths: list[Path] = []
    rows: list[tuple[ObjectLabel, ...]] = []
    sizes: list[tuple[int, int]] = []
    for dataset in datasets:
        before = len(paths)
        for sample in dataset.samples():
            paths.append(dataset.root / sample.image)
            sizes.append(sample.size_hw)
            rows.append(sample.objects)
        if len(paths) == before:
            raise DataError(f"{dataset.name} ({dataset.root}): the data set has no images")
    return _pack(classes, paths, sizes, rows, min_visibility)


def _pack(
    classes: tuple[str, ...],
    paths: list[Path],
    sizes: list[tuple[int, int]],
    rows: list[tuple[ObjectLabel, ...]],
    min_visibility: float,
) -> LabelTable:
    labels = [label for row in rows for label in row]
    return LabelTable(
        paths=tuple(paths),
        classes=classes,
        sizes_hw=np.array(sizes, dtype=np.int64).reshape(-1, 2),
        first=np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64),
        boxes=np.array([label.box for label in labels], dtype=np.float32).reshape(-1, 4),
        class_ids=np.array([label.class_id for label in labels], dtype=np.int64),
        is_ignored=np.array([is_not_asked_for(label, min_visibility) for label in labels], dtype=bool),
    )


def is_not_asked_for(label: ObjectLabel, min_visibility: float) -> bool:
    """Whether an object is an ignore region, by its label or because too little of it is seen."""
    return label.is_ignored or (label.pixels is not None and label.pixels.visibility < min_visibility)
