"""YOLO: one text file of rows an image, and `data.yaml` (docs.ultralytics.com/datasets).

data.yaml                     splits, class names, and kpt_shape for poses
images/SPLIT/NAME.jpg         without splits: images/NAME.jpg
labels/SPLIT/NAME.txt         one row an object; empty for an image without objects

A row is `class cx cy w h`, or `class x1 y1 x2 y2 x3 y3 ...` for a polygon, or `class cx cy w h` with `x y v` for each
keypoint; all but class and v are shares of the image's width and height.

Which of the three tasks a set is for is seen from `kpt_shape` and the number of columns. An image without a label file
has no objects; a set without any label file is refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from os.path import commonpath
from pathlib import Path, PurePosixPath
from typing import Literal

import yaml

from meshsight.core.errors import DataError
from meshsight.core.files import write_text
from meshsight.core.images import read_size_hw
from meshsight.datasets.capacity import EXACT, Capacity, Part
from meshsight.datasets.foreign import BoxCheck, ForeignSpec, photograph_of
from meshsight.datasets.format import WHOLE
from meshsight.datasets.image_names import FlatNames
from meshsight.datasets.label_folders import checked_samples, read_lines
from meshsight.datasets.target import Target
from meshsight.datasets.yolo.layout import CONFIG, NOT_SPLITS, YoloLayout, find_layout, label_folder
from meshsight.datasets.yolo.rows import (
    PRECISION_PX,
    RowRules,
    read_row,
    with_keypoints_inside,
    with_one_polygon,
    write_box_row,
    write_polygon_row,
)
from meshsight.records.dataset import Dataset
from meshsight.records.sample import ObjectLabel, Sample

Task = Literal["detect", "segment", "pose"]


class Spec(ForeignSpec):
    """YOLO folders."""

    kind: Literal["yolo"] = "yolo"
    task: Task = "detect"
    """What is written: boxes, one polygon an object, or boxes with keypoints. Reading sees it from the files."""


NUMBERS = "Coordinates are written with eight decimals and read to a thousandth of a pixel."
CAPACITIES: Mapping[Task, Capacity] = {
    "detect": Capacity(keeps={Part.BOX: PRECISION_PX}, notes=(NUMBERS,)),
    "segment": Capacity(
        keeps={Part.BOX: PRECISION_PX, Part.POLYGONS: PRECISION_PX, Part.MASK: EXACT},
        needs=frozenset({Part.POLYGONS}),
        in_its_words=with_one_polygon,
        notes=(
            NUMBERS,
            "An object is one polygon: parts and holes are joined by bridges without width, which the even-odd rule "
            "fills as they were. A mask is traced along the edges of its pixels and comes back exactly.",
            "The box is that of the polygon.",
        ),
    ),
    "pose": Capacity(
        keeps={Part.BOX: PRECISION_PX, Part.KEYPOINTS: PRECISION_PX},
        needs=frozenset({Part.BOX, Part.KEYPOINTS}),
        in_its_words=with_keypoints_inside,
        notes=(
            NUMBERS,
            "Keypoints outside the image become `0 0 0`, not known: the format has no coordinates out there.",
            "No `flip_idx` is written. The mirror image of an object without a plane of symmetry is another object, so "
            "no order of the corners makes a mirrored label true; trainers then leave out the horizontal flip.",
        ),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    name: str
    labels: Path


class YoloFormat:
    """Reads and writes YOLO folders of the three tasks."""

    looks_for = "a folder with data.yaml, or with classes.txt or obj.names beside YOLO labels"

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self.capacity = CAPACITIES[spec.task]

    def recognises(self, path: Path) -> bool:
        """Looks for a `data.yaml`, or for class names beside label files of the right form."""
        return find_layout(path) is not None

    def splits(self, path: Path) -> tuple[str, ...]:
        """Returns the splits that the configuration or the folders name; () for one alone."""
        layout = find_layout(path)
        return tuple(layout.splits) if layout is not None and len(layout.splits) > 1 else ()

    def open(self, path: Path, split: str | None) -> Dataset:
        """Lists the images; labels and sizes are read when a sample is asked for.

        Raises:
            DataError: the configuration is bad, there is no such split, or there is no label file at all.
        """
        layout = find_layout(path)
        if layout is None:
            raise DataError(f"{path}: no {CONFIG} with names and train or val, and no class names beside labels")
        root, images = _rooted(layout.folder, layout.images(split))
        pages = _pages(layout, images, root)
        rules = RowRules(num_classes=len(layout.classes), keypoints=layout.keypoints)
        return Dataset(
            root=root,
            classes=layout.classes,
            num_samples=len(pages),
            samples=checked_samples(pages, partial(_read_sample, root, rules), self._spec, path),
            name=path.resolve().name + (f"#{split}" if split else ""),
            fingerprint=None,
        )

    def write(self, parts: Mapping[str, Dataset], target: Target) -> None:
        """Writes images, labels, and `data.yaml` last.

        Raises:
            DataError: a split has a name that `data.yaml` keeps for itself, an image is missing, or the objects differ
                in their number of keypoints.
            StorageError: the disk is full.
        """
        if reserved := NOT_SPLITS.intersection(parts):
            raise DataError(f"{CONFIG} keeps the name '{min(reserved)}' for itself; rename that split")
        counts: set[int] = set()
        for split, dataset in parts.items():
            names = FlatNames()
            for sample in dataset.samples():
                stem = PurePosixPath(split, names.stem(sample.image))
                suffix = PurePosixPath(sample.image).suffix.lower()
                target.place_image(dataset.root / sample.image, f"images/{stem}{suffix}")
                rows = "".join(f"{self._row(label, sample)}\n" for label in sample.objects)
                write_text(target.folder / "labels" / f"{stem}.txt", rows)
                counts.update(len(label.keypoints) for label in sample.objects if label.keypoints is not None)
        config = _config(parts, self._spec.task, counts)
        write_text(target.folder / CONFIG, yaml.safe_dump(config, allow_unicode=True, sort_keys=False))

    def _row(self, label: ObjectLabel, sample: Sample) -> str:
        write = write_polygon_row if self._spec.task == "segment" else write_box_row
        return write(label, sample.size_hw)


def build(spec: Spec) -> YoloFormat:
    """Returns the format."""
    return YoloFormat(spec)


def _pages(layout: YoloLayout, images: Sequence[Path], root: Path) -> list[_Page]:
    folders = {folder: label_folder(folder) for folder in {image.parent for image in images}}
    pages = [
        _Page(name=image.relative_to(root).as_posix(), labels=folders[image.parent] / f"{image.stem}.txt")
        for image in images
    ]
    if pages and not any(page.labels.is_file() for page in pages):
        raise DataError(f"{layout.source}: none of {len(pages)} images has a label file; expected {pages[0].labels}")
    return pages


def _rooted(folder: Path, images: Sequence[Path]) -> tuple[Path, Sequence[Path]]:
    """Returns the data set's folder and the images in it, or the folder above all where some lie elsewhere."""
    if all(image.is_relative_to(folder) for image in images):
        return folder, images
    placed = [image.parent.resolve() / image.name for image in images]
    return Path(commonpath([folder.resolve(), *placed])), placed


def _read_sample(root: Path, rules: RowRules, index: int, page: _Page, check: BoxCheck) -> Sample:
    size_hw = read_size_hw(root / page.name)
    rows = read_lines(page.labels) if page.labels.is_file() else []
    labels = (
        read_row(row, rules, size_hw, check, f"{page.labels}, line {number}")
        for number, row in enumerate(rows, start=1)
        if row.strip()
    )
    objects = tuple(label for label in labels if label is not None)
    return Sample(image=page.name, size_hw=size_hw, objects=objects, frame=index, group=photograph_of(page.name))


def _config(parts: Mapping[str, Dataset], task: Task, keypoint_counts: set[int]) -> dict[str, object]:
    """Returns the content of `data.yaml`; without a `path`, a trainer takes the folder that the file lies in."""
    classes = next(iter(parts.values())).classes
    config: dict[str, object] = {
        "train" if split == WHOLE else split: PurePosixPath("images", split).as_posix() for split in parts
    }
    config |= {"nc": len(classes), "names": dict(enumerate(classes))}
    if task == "pose":
        if len(keypoint_counts) > 1:
            raise DataError(f"YOLO needs as many keypoints in every object, found {sorted(keypoint_counts)}")
        config["kpt_shape"] = [*keypoint_counts, 3] if keypoint_counts else [9, 3]
    return config
