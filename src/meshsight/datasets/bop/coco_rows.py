"""`scene_gt_coco.json`: a scene as COCO, as bop_toolkit's `calc_gt_coco.py` lays it out.

Boxes are of the whole silhouette within the image (amodal), masks of the visible pixels; COCO's width counts pixels.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from meshsight.core.files import dump_json, write_text
from meshsight.core.masks import mask_area
from meshsight.records.sample import ObjectLabel, Sample

_MIN_VISIBLE = 0.1


class CocoScene:
    """Collects the images and annotations of one scene."""

    def __init__(self) -> None:
        """Begins with nothing."""
        self._images: list[dict[str, Any]] = []
        self._annotations: list[dict[str, Any]] = []

    def add(self, image_id: int, image: str, sample: Sample, obj_ids: Sequence[int]) -> None:
        """Adds an image with its objects; `image` is relative to the scene's folder."""
        height, width = sample.size_hw
        self._images.append({"id": image_id, "file_name": image, "width": width, "height": height})
        for label, obj_id in zip(sample.objects, obj_ids, strict=True):
            if label.mask is not None:
                row = {"id": len(self._annotations) + 1, "image_id": image_id, "category_id": obj_id}
                self._annotations.append(row | _annotation(label, sample.size_hw))

    def write(self, path: Path, names: Mapping[int, str]) -> None:
        """Writes the file.

        Args:
            path: where to.
            names: of the classes, by object id.

        Raises:
            StorageError: it cannot be written.
        """
        categories = [{"id": obj_id, "name": name, "supercategory": "object"} for obj_id, name in names.items()]
        content = {"images": self._images, "annotations": self._annotations, "categories": categories}
        write_text(path, dump_json(content) + "\n")


def _annotation(label: ObjectLabel, size_hw: tuple[int, int]) -> dict[str, Any]:
    assert label.mask is not None
    height, width = size_hw
    x1, y1, x2, y2 = label.box if label.full_box is None else label.full_box
    x1, y1, x2, y2 = max(x1, 0.0), max(y1, 0.0), min(x2, float(width)), min(y2, float(height))
    return {
        "iscrowd": 0,
        "area": mask_area(label.mask),
        "bbox": [x1, y1, x2 - x1, y2 - y1],
        "segmentation": {"counts": label.mask.counts, "size": list(size_hw)},
        "width": width,
        "height": height,
        "ignore": label.pixels is not None and label.pixels.visibility < _MIN_VISIBLE,
    }
