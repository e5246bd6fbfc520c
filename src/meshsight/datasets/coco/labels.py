"""Samples from a COCO file: an image's rows are parsed again when its sample is asked for.

Shapes: m images, n annotations.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from jaxtyping import Float, Int

from meshsight.datasets.coco.camera import Intrinsics
from meshsight.datasets.coco.extras import ImageExtras, ObjectExtras, with_image_extras, with_object_extras
from meshsight.datasets.coco.keypoints import read_keypoints
from meshsight.datasets.coco.masks import read_segmentation
from meshsight.datasets.coco.rows import AnnotationRow, ImageRow, check_json, describe
from meshsight.datasets.coco.tables import CocoTables
from meshsight.datasets.foreign import photograph_of
from meshsight.records.sample import Box, ObjectLabel, Sample


class FullAnnotation(AnnotationRow):
    """An annotation with what it says in our own words."""

    meshsight: ObjectExtras | None = None


class _FullImage(ImageRow):
    meshsight: ImageExtras | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CocoPages:
    """A COCO file whose images are found and whose boxes are checked.

    Attributes:
        tables: the file.
        names: path of each image below the data set's root.
        sizes_hw: height and width of each image.
        boxes: half-open xyxy of each annotation.
        order: the annotations that are kept, image by image, else in the order of the file.
        bounds: where in `order` the annotations of each image begin, and the end.
        intrinsics: of the one camera that took all images, or None.
    """

    tables: CocoTables
    names: Sequence[str]
    sizes_hw: Int[np.ndarray, "m 2"]
    boxes: Float[np.ndarray, "n 4"]
    order: Int[np.ndarray, " kept"]
    bounds: Int[np.ndarray, " ends"]
    intrinsics: Intrinsics | None

    def samples(self) -> Iterator[Sample]:
        """Yields the sample of each image.

        Raises:
            DataError: a segmentation, or what a row says in our own words, is bad.
        """
        return (self._sample(index) for index in range(len(self.names)))

    def _sample(self, index: int) -> Sample:
        height, width = self.sizes_hw[index].tolist()
        name, size_hw = self.names[index], (height, width)
        where = f"{self.tables.text.file}: image '{name}'"
        sample = Sample(
            image=name,
            size_hw=size_hw,
            objects=tuple(self._labels(self.order[self.bounds[index] : self.bounds[index + 1]], size_hw, where)),
            frame=index,
            group=photograph_of(name),
            camera=None if self.intrinsics is None else self.intrinsics.camera(size_hw),
        )
        extras = self._image_extras(index, where)
        return sample if extras is None else with_image_extras(sample, extras, where)

    def _image_extras(self, index: int, where: str) -> ImageExtras | None:
        images = self.tables.images
        if not images.has_extras[index]:
            return None
        text = self.tables.text.json(int(images.start[index]), int(images.stop[index]))
        return check_json(_FullImage, text, where).meshsight

    def _labels(self, rows: Int[np.ndarray, " k"], size_hw: tuple[int, int], where: str) -> Iterator[ObjectLabel]:
        columns = self.tables.annotations
        facts = zip(
            rows.tolist(),
            columns.class_id[rows].tolist(),
            self.boxes[rows].tolist(),
            columns.is_ignored[rows].tolist(),
            columns.has_more[rows].tolist(),
            strict=True,
        )
        for row, class_id, box, is_ignored, has_more in facts:
            if has_more:
                yield self._label(row, cast("Box", tuple(box)), size_hw, where)
            else:
                yield ObjectLabel(class_id=class_id, box=cast("Box", tuple(box)), is_ignored=is_ignored)

    def _label(self, row: int, box: Box, size_hw: tuple[int, int], where: str) -> ObjectLabel:
        """Reads an annotation of which the columns do not hold everything."""
        class_id = int(self.tables.annotations.class_id[row])
        entry = read_annotation(self.tables, row, where)
        where = f"{where}, {describe(entry.id, row)}"
        outline = read_segmentation(entry.segmentation, size_hw, where)
        are_named = bool(self.tables.categories[class_id].keypoints)
        label = ObjectLabel(
            class_id=class_id,
            box=box,
            mask=outline.mask,
            polygons=outline.polygons,
            keypoints=read_keypoints(entry.keypoints or (), are_named=are_named),
            is_ignored=bool(entry.iscrowd or entry.ignore),
        )
        return label if entry.meshsight is None else with_object_extras(label, entry.meshsight, size_hw, where)


def read_annotation(tables: CocoTables, row: int, where: str) -> FullAnnotation:
    """Parses an annotation again, as a whole.

    Raises:
        DataError: a field is of the wrong type.
    """
    columns = tables.annotations
    text = tables.text.json(int(columns.start[row]), int(columns.stop[row]))
    return check_json(FullAnnotation, text, f"{where}, annotations[{row}]")
