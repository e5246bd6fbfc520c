"""The labels of whole data sets as a few compact arrays, so that a million boxes cost megabytes and no parsing."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, Float32, Int64

from meshsight.core.errors import DataError
from meshsight.core.masks import RunLengthMask
from meshsight.records.dataset import Dataset
from meshsight.records.sample import ObjectLabel
from meshsight.training.hulls import hulls
from meshsight.training.picture import corners


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelTable:
    """Images with their boxes; those of image i are rows first[i]:first[i + 1].

    Attributes:
        paths: image files.
        classes: names by class id.
        sources: names of the data sets.
        source_ids: which of them each image is from.
        sizes_hw: image sizes.
        boxes: xyxy in pixels of the stored image.
        class_ids: from 0.
        is_ignored: neither to be found nor background.
        is_crowd: of those, the ones that the data set itself says to ignore.
        masks: of the objects, where they were asked for; else empty.
        hulls: points around each mask (or the box), where they were asked for.
    """

    paths: tuple[Path, ...]
    classes: tuple[str, ...]
    sources: tuple[str, ...]
    source_ids: Int64[np.ndarray, " n"]
    sizes_hw: Int64[np.ndarray, "n 2"]
    first: Int64[np.ndarray, " n_plus_1"]
    boxes: Float32[np.ndarray, "m 4"]
    class_ids: Int64[np.ndarray, " m"]
    is_ignored: Bool[np.ndarray, " m"]
    is_crowd: Bool[np.ndarray, " m"]
    masks: tuple[RunLengthMask | None, ...] = ()
    hulls: Float32[np.ndarray, "m _ 2"] | None = None

    def __len__(self) -> int:
        return len(self.paths)

    def rows(self, index: int) -> slice:
        """Returns the rows of one image's objects."""
        return slice(int(self.first[index]), int(self.first[index + 1]))

    def outlines(self, index: int) -> Float[np.ndarray, "_ _ 2"]:
        """Returns points around each of an image's objects, whose extents are the boxes."""
        rows = self.rows(index)
        return corners(self.boxes[rows]) if self.hulls is None else self.hulls[rows].astype(np.float64)

    def image_masks(self, index: int) -> tuple[RunLengthMask | None, ...]:
        """Returns the masks of one image's objects, None where there is none."""
        return (
            self.masks[self.rows(index)] if self.masks else (None,) * (self.rows(index).stop - self.rows(index).start)
        )

    def num_images(self) -> dict[str, int]:
        """Counts the images of each source."""
        return {name: int((self.source_ids == number).sum()) for number, name in enumerate(self.sources)}

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """What is read besides boxes, since it costs memory.

    Attributes:
        has_masks: keep masks.
        has_hulls: keep the hulls of masks, by which turned boxes stay tight.
    """

    has_masks: bool = False
    has_hulls: bool = False


BOXES_ALONE = Detail()


@dataclass(slots=True)
class _Gathered:
    paths: list[Path] = field(default_factory=list)
    sizes: list[tuple[int, int]] = field(default_factory=list)
    source_ids: list[int] = field(default_factory=list)
    rows: list[tuple[ObjectLabel, ...]] = field(default_factory=list)


def read_labels(datasets: Sequence[Dataset], min_visibility: float, detail: Detail = BOXES_ALONE) -> LabelTable:
    """Reads the labels of one or more data sets of the same classes, once.

    Args:
        datasets: at least one.
        min_visibility: objects known to be less visible become ignore regions.
        detail: what is read besides boxes.

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
    gathered = _Gathered()
    for number, dataset in enumerate(datasets):
        before = len(gathered.paths)
        for sample in dataset.samples():
            gathered.paths.append(dataset.root / sample.image)
            gathered.sizes.append(sample.size_hw)
            gathered.source_ids.append(number)
            gathered.rows.append(tuple(_without_unread(label, detail) for label in sample.objects))
        if len(gathered.paths) == before:
            raise DataError(f"{dataset.name} ({dataset.root}): the data set has no images")
    return _pack(classes, tuple(dataset.name for dataset in datasets), gathered, min_visibility, detail)


def _without_unread(label: ObjectLabel, detail: Detail) -> ObjectLabel:
    """A label without what the table does not hold, so that a large set is never in memory as records."""
    mask = label.mask if detail.has_masks or detail.has_hulls else None
    return replace(label, mask=mask, full_mask=None, polygons=None, keypoints=None, pose=None)


def _pack(
    classes: tuple[str, ...], sources: tuple[str, ...], gathered: _Gathered, min_visibility: float, detail: Detail
) -> LabelTable:
    labels = [label for row in gathered.rows for label in row]
    boxes = np.array([label.box for label in labels], dtype=np.float32).reshape(-1, 4)
    masks = tuple(label.mask for label in labels)
    return LabelTable(
        paths=tuple(gathered.paths),
        classes=classes,
        sources=sources,
        source_ids=np.array(gathered.source_ids, dtype=np.int64),
        sizes_hw=np.array(gathered.sizes, dtype=np.int64).reshape(-1, 2),
        first=np.concatenate([[0], np.cumsum([len(row) for row in gathered.rows])]).astype(np.int64),
        boxes=boxes,
        class_ids=np.array([label.class_id for label in labels], dtype=np.int64),
        is_ignored=np.array([is_not_asked_for(label, min_visibility) for label in labels], dtype=bool),
        is_crowd=np.array([label.is_ignored for label in labels], dtype=bool),
        masks=masks if detail.has_masks else (),
        hulls=hulls(masks, boxes) if detail.has_hulls else None,
    )


def is_not_asked_for(label: ObjectLabel, min_visibility: float) -> bool:
    """Whether an object is an ignore region, by its label or because too little of it is seen."""
    return label.is_ignored or (label.pixels is not None and label.pixels.visibility < min_visibility)
