"""DOTA: turned boxes, one text file an image (captain-whu.github.io/DOTA/dataset.html).

images/NAME.png               or SPLIT/images/NAME.png
labelTxt/NAME.txt             one row an object
classes.json                  the classes in order, also those without an object

A row is `x1 y1 x2 y2 x3 y3 x4 y4 class difficulty`, its corners clockwise in pixels.
Read are also folders named after a version (`labelTxt-v1.5`), and `dota/` beside `images/` with commas in its rows.
Class ids follow the sorted names of all rows where there is no `classes.json`.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from meshsight.core.errors import DataError
from meshsight.core.files import write_text
from meshsight.core.images import read_size_hw
from meshsight.datasets.capacity import EXACT, Capacity, Part
from meshsight.datasets.class_names import CLASSES, NameRule, read_class_list, write_class_list, written_names
from meshsight.datasets.dota.rows import DotaRow, read_row, upright_box, with_four_corners, write_row
from meshsight.datasets.foreign import BoxCheck, ForeignSpec, photograph_of
from meshsight.datasets.image_names import FlatNames
from meshsight.datasets.label_folders import checked_samples, images_by_stem, read_lines
from meshsight.datasets.target import Target
from meshsight.records.dataset import Dataset
from meshsight.records.sample import ObjectLabel, Sample

log = logging.getLogger(__name__)

IMAGES = "images"
LABELS = "labelTxt"
COMMA_LABELS = "dota"


class Spec(ForeignSpec):
    """DOTA folders."""

    kind: Literal["dota"] = "dota"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    image: Path
    labels: Path


def _one_word(name: str) -> str:
    return "-".join(name.replace(",", " ").split())


class DotaFormat:
    """Reads and writes DOTA folders."""

    looks_for = f"a folder, or one for each split, with {IMAGES}/ and {LABELS}/*.txt (DOTA)"
    capacity = Capacity(
        keeps={Part.BOX: EXACT, Part.POLYGONS: EXACT, Part.IGNORED: EXACT},
        names=NameRule(rule="spaces and commas become hyphens", write=_one_word),
        in_its_words=with_four_corners,
        notes=(
            "An object is four corners: its only polygon if that has four, else the smallest rectangle around its "
            "polygons or mask, else its box. Its box is the upright one around the corners, within the image.",
            "Regions to ignore are objects of difficulty 1.",
        ),
    )

    def __init__(self, spec: Spec) -> None:
        self._spec = spec

    def recognises(self, path: Path) -> bool:
        """Looks for folders of labels and images; one with a COCO file besides is left to that, which says more."""
        return path.is_dir() and any(_is_told(folder) for folder in (path, *_subfolders(path)))

    def splits(self, path: Path) -> tuple[str, ...]:
        """Returns the subfolders that hold labels and images."""
        return tuple(folder.name for folder in _subfolders(path) if _label_folder(folder) is not None)

    def open(self, path: Path, split: str | None) -> Dataset:
        """Lists the label files and learns the class names; rows and sizes are looked at when a sample is asked for.

        Raises:
            DataError: there is no such split, a label file is without its image, or a row is no row of DOTA.
        """
        folders = {folder: _pages(folder) for folder in self._folders(path, None)}
        pages = [page for folder in self._folders(path, split) for page in folders[folder]]
        classes, ids = _classes(path, [page for found in folders.values() for page in found])

        def read(index: int, page: _Page, check: BoxCheck) -> Sample:
            size_hw = read_size_hw(page.image)
            image = page.image.relative_to(path).as_posix()
            labels = (_label(row, ids, size_hw, check, where) for row, where in _rows(page.labels))
            objects = tuple(label for label in labels if label is not None)
            return Sample(image=image, size_hw=size_hw, objects=objects, frame=index, group=photograph_of(image))

        return Dataset(
            root=path,
            classes=classes,
            num_samples=len(pages),
            samples=checked_samples(pages, read, self._spec, path),
            name=path.resolve().name + (f"#{split}" if split else ""),
            fingerprint=None,
        )

    def write(self, parts: Mapping[str, Dataset], target: Target) -> None:
        """Writes images and labels, and the list of classes last.

        Raises:
            DataError: a class name cannot be written, or an image is missing.
            StorageError: the disk is full.
        """
        classes = next(iter(parts.values())).classes
        written = written_names(classes, self.capacity.names)
        for split, dataset in parts.items():
            names = FlatNames()
            for sample in dataset.samples():
                stem = names.stem(sample.image)
                suffix = PurePosixPath(sample.image).suffix.lower()
                image = PurePosixPath(split, IMAGES, f"{stem}{suffix}").as_posix()
                target.place_image(dataset.root / sample.image, image)
                rows = "".join(f"{write_row(label, written[label.class_id])}\n" for label in sample.objects)
                write_text(target.folder / split / LABELS / f"{stem}.txt", rows)
        write_class_list(target.folder, classes, written)

    def _folders(self, path: Path, split: str | None) -> Sequence[Path]:
        if split is not None and split not in self.splits(path):
            raise DataError(f"{path}: no split '{split}'; there are: {', '.join(self.splits(path)) or 'none'}")
        if split is not None:
            return [path / split]
        folders = [path] if _label_folder(path) is not None else [path / name for name in self.splits(path)]
        if not folders:
            raise DataError(f"{path}: expected {self.looks_for}")
        return folders


def build(spec: Spec) -> DotaFormat:
    """Returns the format."""
    return DotaFormat(spec)


def _subfolders(path: Path) -> Iterator[Path]:
    return (folder for folder in sorted(path.iterdir()) if folder.is_dir() and not folder.name.startswith("."))


def _label_folder(folder: Path) -> Path | None:
    """Returns the folder of labels for a folder of images."""
    if not (folder / IMAGES).is_dir():
        return None
    candidates = [*sorted(folder.glob(f"{LABELS}*")), folder / COMMA_LABELS]
    return next((child for child in candidates if child.is_dir()), None)


def _is_told(folder: Path) -> bool:
    """Tells whether a folder is DOTA's by its labels, and not rather something else by a JSON file beside them."""
    labels = _label_folder(folder)
    if labels is None or next(labels.glob("*.txt"), None) is None:
        return False
    return labels.name != COMMA_LABELS or all(file.name == CLASSES for file in folder.glob("*.json"))


def _pages(folder: Path) -> list[_Page]:
    labels = _label_folder(folder)
    assert labels is not None, "chosen for its labels"
    images = images_by_stem(folder / IMAGES)
    files = sorted(labels.glob("*.txt"))
    alone = [file for file in files if file.stem not in images]
    if alone:
        raise DataError(
            f"{alone[0]}: no image of that name in {folder / IMAGES} ({len(alone)} of {len(files)} lack it)"
        )
    if len(images) > len(files):
        log.warning("%s: left out %d images without a label file", folder, len(images) - len(files))
    return [_Page(image=folder / IMAGES / images[file.stem], labels=file) for file in files]


def _rows(file: Path) -> Iterator[tuple[DotaRow, str]]:
    for number, line in enumerate(read_lines(file), start=1):
        where = f"{file}, line {number}"
        row = read_row(line, where)
        if row is not None:
            yield row, where


def _label(
    row: DotaRow, ids: Mapping[str, int], size_hw: tuple[int, int], check: BoxCheck, where: str
) -> ObjectLabel | None:
    if row.name not in ids:
        raise DataError(f"{where}: class '{row.name}' is not in {CLASSES}; add it there, or remove {CLASSES}")
    box = check.check(upright_box(row.corners, size_hw), size_hw, where)
    if box is None:
        return None
    return ObjectLabel(class_id=ids[row.name], box=box, polygons=(row.corners,), is_ignored=row.is_difficult)


def _classes(path: Path, pages: Sequence[_Page]) -> tuple[tuple[str, ...], dict[str, int]]:
    """Returns the class names, and class ids by the name in the rows."""
    listed = read_class_list(path)
    if listed is not None:
        return tuple(one.name for one in listed), {one.written: index for index, one in enumerate(listed)}
    names = sorted({row.name for page in pages for row, _ in _rows(page.labels)})
    return tuple(names), {name: index for index, name in enumerate(names)}
