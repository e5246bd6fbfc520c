"""KITTI object labels: a text file an image, 15 columns a line (cvlibs.net, object devkit, readme.txt).

    classes.json              the class names in order (ours; other tools pass over it)
    training/image_2/         or SPLIT/image_2/
    training/label_2/         one STEM.txt for each image, empty where there is no object
    training/calib/           the camera of each image, where it is known

Read are also `images`, `rgb` or `image` beside `labels` or `object_detection`, at the top, in `training/` or Isaac
Sim's `Camera/`, and the same in a folder for each split. Without `classes.json` the classes are the sorted names of all
labels.
"""

import logging
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Literal

from meshsight.core.errors import DataError, ImageError
from meshsight.core.files import write_text
from meshsight.core.images import read_size_hw
from meshsight.core.kinds import did_you_mean
from meshsight.datasets.capacity import EXACT, Capacity, Part
from meshsight.datasets.class_names import CLASSES, read_class_list, write_class_list, written_names
from meshsight.datasets.foreign import BoxCheck, photograph_of
from meshsight.datasets.format import WHOLE
from meshsight.datasets.image_names import FlatNames
from meshsight.datasets.kitti.calibration import calibration_text, read_calibration
from meshsight.datasets.kitti.folders import (
    CALIBRATIONS,
    TRAINING,
    KittiFolder,
    files_by_stem,
    images_with_labels,
    kitti_folders,
)
from meshsight.datasets.kitti.labels import label_of, row_of
from meshsight.datasets.kitti.rows import KittiRow, dont_care_line, parse_rows, row_line
from meshsight.datasets.kitti.terms import (
    DONT_CARE,
    KITTI_NAMES,
    NO_CLASS,
    KittiTermsSpec,
    in_kitti_terms,
    is_dont_care,
)
from meshsight.datasets.target import Target
from meshsight.records.dataset import Dataset
from meshsight.records.sample import ObjectLabel, Sample

log = logging.getLogger(__name__)

_STEM_DIGITS = 6


class Spec(KittiTermsSpec):
    """KITTI folders."""

    kind: Literal["kitti"] = "kitti"
    missing_labels: Literal["refuse", "empty"] = "refuse"
    """What an image without a label file is: a fault, or an image without objects."""
    image_names: Literal["kept", "numbered"] = "kept"
    """Names of written images: their own, or 000000, 000001, ... as KITTI's evaluation expects."""


class KittiFormat:
    """Reads and writes KITTI folders."""

    looks_for = "image_2/, images/, rgb/ or image/ beside label_2/, labels/ or object_detection/ (KITTI)"

    def __init__(self, spec: Spec) -> None:
        self._spec = spec

    @property
    def capacity(self) -> Capacity:
        """Boxes, KITTI's own terms, and what stands upright."""
        return Capacity(
            keeps={
                Part.BOX: EXACT,
                Part.STATED: EXACT,
                Part.POSE: 1e-5,
                Part.CAMERA: 1e-6,
                Part.IGNORED: EXACT,
            },
            names=KITTI_NAMES,
            in_its_words=lambda label, _: in_kitti_terms(label, self._spec),
            notes=(
                "Edges of boxes are continuous: left and top as ours, right and bottom as our half-open ends, from 0.",
                "truncated is 1 - inside/full, occluded a level of 1 - visible/inside, from exact pixel counts; "
                "what is not known is -1 and 3.",
                "KITTI knows only a turn about the camera's y axis: an object that is tilted by more than max_tilt_deg "
                f"({self._spec.max_tilt_deg:g}) loses its pose, as do all objects in views that look up or down.",
                "With max_tilt_deg 90 it keeps its size and place, and gets the nearest upright turn.",
                "A pose comes back in KITTI's frame: origin at the bottom's centre, x along the length, y down.",
                "Regions to ignore are DontCare rows: they belong to no class and come back with the first.",
                "KITTI puts pixel centres at whole numbers: cx and cy in calib/ are ours less 0.5.",
            ),
        )

    def recognises(self, path: Path) -> bool:
        """Looks for a pair of folders, and at one row."""
        return bool(kitti_folders(path))

    def splits(self, path: Path) -> tuple[str, ...]:
        """Returns the subfolders that hold images and labels."""
        return tuple(name for name in kitti_folders(path) if name != WHOLE)

    def open(self, path: Path, split: str | None) -> Dataset:
        """Opens a data set after one light pass over its labels; each is read when its sample is asked for.

        Raises:
            DataError: a label or image is missing or bad, or there is no such split.
        """
        folders = kitti_folders(path)
        folder = _choose(folders, path, split)
        spec = self._spec
        images = images_with_labels(folder, spec.missing_images == "keep", spec.missing_labels == "empty")
        classes, ids = _classes(path, folders)
        reading = _Reading(root=path, folder=folder, images=images, ids=ids, spec=spec)
        return Dataset(
            root=path,
            classes=classes,
            num_samples=len(images),
            samples=reading.samples,
            name=path.resolve().name + (f"#{split}" if split else ""),
            fingerprint=None,
        )

    def write(self, parts: Mapping[str, Dataset], target: Target) -> None:
        """Writes each split into a folder of its own, the whole into `training/`.

        Raises:
            DataError: class names that become one, or an image is missing.
            StorageError: the disk is full.
        """
        classes = next(iter(parts.values())).classes
        written = written_names(classes, KITTI_NAMES)
        for split, dataset in parts.items():
            folder, names = TRAINING if split == WHOLE else split, FlatNames()
            for index, sample in enumerate(dataset.samples()):
                is_numbered = self._spec.image_names == "numbered"
                stem = f"{index:0{_STEM_DIGITS}d}" if is_numbered else names.stem(sample.image)
                image = f"{folder}/image_2/{stem}{PurePosixPath(sample.image).suffix.lower()}"
                target.place_image(dataset.root / sample.image, image)
                _write_labels(sample, target.folder / folder, stem, written)
        write_class_list(target.folder, classes, written)


def build(spec: Spec) -> KittiFormat:
    """Returns the format."""
    return KittiFormat(spec)


@dataclass(kw_only=True)
class _Reading:
    """What a pass over the samples needs; only the first one says what was tolerated."""

    root: Path
    folder: KittiFolder
    images: Mapping[str, str]
    ids: Mapping[str, int]
    spec: Spec
    is_first: bool = True

    @cached_property
    def image_folder(self) -> str:
        """Where the images lie, relative to the root."""
        return self.folder.images.relative_to(self.root).as_posix()

    def samples(self) -> Iterator[Sample]:
        check, oddities = BoxCheck(self.spec), Counter[str]()
        calibrations = self.folder.calibrations if self.folder.calibrations.is_dir() else None
        for index, stem in enumerate(self.images):
            yield self._sample(index, stem, calibrations, check, oddities)
        if self.is_first:
            self.is_first = False
            check.report(self.root)
            for what, count in oddities.items():
                log.warning("%s: %d %s", self.root, count, what)

    def _sample(
        self, index: int, stem: str, calibrations: Path | None, check: BoxCheck, oddities: Counter[str]
    ) -> Sample:
        file = self.folder.labels / f"{stem}.txt"
        rows = list(parse_rows(_text(file), str(file), oddities))
        image = f"{self.image_folder}/{self.images[stem]}"
        size_hw = self._size_hw(image, rows)
        calibration = None if calibrations is None else read_calibration(calibrations / f"{stem}.txt", size_hw)
        labels: list[ObjectLabel] = []
        for number, row in enumerate(rows, start=1):
            where = f"{file}: object {number}"
            box = check.check(row.box, size_hw, where)
            if box is not None:
                offset_m = None if calibration is None else calibration.offset_m
                labels.append(label_of(row, self._class_id(row, where), box, offset_m))
        return Sample(
            image=image,
            size_hw=size_hw,
            objects=tuple(labels),
            frame=index,
            group=photograph_of(image),
            camera=None if calibration is None else calibration.camera,
        )

    def _class_id(self, row: KittiRow, where: str) -> int:
        if is_dont_care(row.name):
            return NO_CLASS
        if row.name not in self.ids:
            raise DataError(f"{where}: class '{row.name}' is not in {CLASSES}{did_you_mean(row.name, self.ids)}")
        return self.ids[row.name]

    def _size_hw(self, image: str, rows: Sequence[KittiRow]) -> tuple[int, int]:
        """Reads an image's size; of one that is missing or broken but kept, it is the smallest that holds the boxes."""
        try:
            return read_size_hw(self.root / image)
        except ImageError:
            if self.spec.missing_images == "refuse":
                raise
        reach = [(math.ceil(row.box[3]), math.ceil(row.box[2])) for row in rows]
        return max((1, *(y for y, _ in reach))), max((1, *(x for _, x in reach)))


def _choose(folders: Mapping[str, KittiFolder], path: Path, split: str | None) -> KittiFolder:
    known = ", ".join(name for name in folders if name != WHOLE) or "none"
    if split is not None and split not in folders:
        raise DataError(f"{path}: no split '{split}' with KITTI labels; there are: {known}")
    if split is None and len(folders) != 1:
        fault = f"several splits ({known}); name one, as in '{path}#{next(iter(folders))}'" if folders else "no labels"
        raise DataError(f"{path}: {fault} (looked for {KittiFormat.looks_for})")
    return folders[split] if split is not None else next(iter(folders.values()))


def _classes(path: Path, folders: Mapping[str, KittiFolder]) -> tuple[tuple[str, ...], dict[str, int]]:
    """Returns the class names, and the class ids by what stands in the labels; all splits share them.

    The list of a data set of which only `training/` or one split is opened lies one folder up.
    """
    is_split = any(folder.labels.parent == path for folder in folders.values())
    listed = read_class_list(path) or (read_class_list(path.parent) if is_split else None)
    if listed is not None:
        return tuple(one.name for one in listed), {one.written: index for index, one in enumerate(listed)}
    found = {name for folder in folders.values() for name in _names(folder)}
    names = tuple(sorted(name for name in found if not is_dont_care(name)))
    if found and not names:
        raise DataError(f"{path}: every label is {DONT_CARE}, so there is no class; add a classes.json")
    return names, {name: index for index, name in enumerate(names)}


def _names(folder: KittiFolder) -> Iterator[str]:
    for name in files_by_stem(folder.labels, (".txt",)).values():
        rows = (line.split(None, 1) for line in _text(folder.labels / name).splitlines())
        yield from (row[0] for row in rows if row)


def _text(file: Path) -> str:
    """Returns a label file's text; one that may be missing has been let through before, and is empty."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file}: cannot be read as text: {error}") from error


def _write_labels(sample: Sample, folder: Path, stem: str, written: tuple[str, ...]) -> None:
    lines = "".join(f"{_line(label, written)}\n" for label in sample.objects)
    write_text(folder / "label_2" / f"{stem}.txt", lines)
    if sample.camera is not None:
        write_text(folder / CALIBRATIONS / f"{stem}.txt", calibration_text(sample.camera))


def _line(label: ObjectLabel, written: tuple[str, ...]) -> str:
    if label.is_ignored:
        return dont_care_line(DONT_CARE, label.box)
    return row_line(row_of(label, written[label.class_id]))
