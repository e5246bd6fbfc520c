"""COCO: one JSON file of images, annotations and categories (cocodataset.org, "Data format").

annotations.json                     the labels of a set without splits, its images in `images/`
annotations/instances_SPLIT.json     the labels of a split, its images in `SPLIT/`

Read are also a JSON file by its own name, `*.json` in the folder itself, and `SPLIT/*.json` in a folder for each split;
images are looked for beside the labels, in `images/`, in `SPLIT/`, in `images/SPLIT/`, and at last anywhere in the data
set's folder. Nothing outside it is read, unless `image_root` says so.

Class ids follow the sorted category ids, so gaps close. Crowds and `ignore` are regions to ignore. Segmentations may be
polygons, which are kept and drawn as pycocotools draws them, or runs, as a list or compressed. Nine keypoints in nested
triples are blender-gen's cuboid and are put into our order; all others keep theirs.

Known faults of other programs are put right and counted in one warning: a licence that is no list, image ids that are
text (also with zeros before them), annotation ids used again, a category of id 0, width and height swapped, negative
focal lengths in blender-gen's `camera matrix K`, image paths of another machine (`coco_image_root/images/x.png`,
absolute, or with backslashes), keypoints that are no triples. Refused are a class name, category id or image id that is
there twice, references that lead nowhere, and masks that do not belong to their image.

What COCO has no field for stands under the key `meshsight`: of an annotation `instance_id`, `full_box`, `full_mask`,
`polygons` (where `segmentation` holds another mask), `pixels`, `stated`, `pose`, `mesh` and `is_cut`; of an image
`group`, `source`, `camera`, `T_world_cam` and `hidden`. They mean what they mean in the labels of our own folder.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np

from meshsight.core.errors import DataError
from meshsight.core.files import write_chunks
from meshsight.datasets.capacity import EXACT, Capacity, Part
from meshsight.datasets.coco.boxes import check_boxes
from meshsight.datasets.coco.camera import read_intrinsics
from meshsight.datasets.coco.files import ANNOTATIONS, INSTANCES, choose_file, label_files, split_names
from meshsight.datasets.coco.labels import CocoPages
from meshsight.datasets.coco.places import find_images, image_search
from meshsight.datasets.coco.sizes import SizeChecks, true_sizes
from meshsight.datasets.coco.tables import read_tables
from meshsight.datasets.coco.writing import converted_chunks, drawable
from meshsight.datasets.foreign import ForeignSpec
from meshsight.datasets.format import WHOLE
from meshsight.datasets.target import Target
from meshsight.records.dataset import Dataset


class Spec(ForeignSpec):
    """COCO files and the folders that hold them."""

    kind: Literal["coco"] = "coco"
    image_root: str | None = None
    """Folder that image names count from, relative to the data set's; None looks in the usual ones."""
    sizes: SizeChecks = "auto"
    """Image sizes: `trust` what the file says, turn swapped ones round when boxes or the first image show it (`auto`),
    or `check` them all against the images."""


class CocoFormat:
    """Reads and writes COCO files."""

    looks_for = "a COCO file, or a folder with one (*.json, annotations/*.json or SPLIT/*.json)"
    capacity = Capacity(
        keeps=dict.fromkeys(Part, EXACT),
        in_its_words=drawable,
        notes=(
            "Category and annotation ids count from 1, image ids from 0, each in its file.",
            "Polygons of fewer than three points are left out; a mask beside polygons is drawn from them.",
            "A region to ignore is written as a crowd with `ignore`, which evaluations pass over.",
            "Boxes are exact within their image: `bbox` has the sides that add up to the corners to the bit.",
            "Of a foreign file, `area`, licences, captions and the names of keypoints are not kept.",
        ),
    )

    def __init__(self, spec: Spec) -> None:
        self._spec = spec

    def recognises(self, path: Path) -> bool:
        """Looks into the heads of the JSON files in the usual places."""
        return next(label_files(path), None) is not None

    def splits(self, path: Path) -> tuple[str, ...]:
        """Returns the names of its splits."""
        return split_names(path)

    def open(self, path: Path, split: str | None) -> Dataset:
        """Reads and checks the labels; images are only looked for, and masks made when a sample is asked for.

        Raises:
            DataError: a label or image is missing or bad, or there is no such split.
        """
        pages, root = self._read(path, choose_file(path, split))
        return Dataset(
            root=root,
            classes=tuple(row.name for row in pages.tables.categories),
            num_samples=len(pages.names),
            samples=pages.samples,
            name=path.resolve().name + (f"#{split}" if split else ""),
            fingerprint=None,
        )

    def write(self, parts: Mapping[str, Dataset], target: Target) -> None:
        """Writes one file for each part, in one pass over its samples.

        Raises:
            DataError: an image is missing, or two would get one name.
            StorageError: the disk is full.
        """
        for split, dataset in parts.items():
            is_whole = split == WHOLE
            name = f"{ANNOTATIONS}.json" if is_whole else f"{ANNOTATIONS}/{INSTANCES}{split}.json"
            write_chunks(target.folder / name, converted_chunks(dataset, target, split))

    def _read(self, path: Path, file: Path) -> tuple[CocoPages, Path]:
        tables = read_tables(file)
        if not tables.images.names:
            raise DataError(f"{file}: no images; the data set is empty")
        search = image_search(path, file, self._spec.image_root, self._spec.missing_images)
        place = find_images(tables.images.names, search, tables.repairs)
        sizes = true_sizes(tables, place, self._spec.sizes, self._spec.max_overhang_px)
        checked = check_boxes(tables, place.names, sizes, self._spec)
        order = np.argsort(tables.annotations.image, kind="stable")
        order = order[checked.is_kept[order]]
        pages = CocoPages(
            tables=tables,
            names=place.names,
            sizes_hw=sizes,
            boxes=checked.boxes,
            order=order,
            bounds=np.searchsorted(tables.annotations.image[order], np.arange(len(place.names) + 1)),
            intrinsics=read_intrinsics(tables.info, tables.repairs),
        )
        tables.repairs.report(file)
        return pages, place.root


def build(spec: Spec) -> CocoFormat:
    """Returns the format."""
    return CocoFormat(spec)
