"""Hugging Face's image folder for object detection (huggingface.co/docs/datasets/image_dataset).

train/metadata.jsonl          or SPLIT/metadata.jsonl: one line an image
train/NAME.jpg
README.md                     the card, whose head names the classes for the hub
classes.json                  the classes in order

A line is `{"file_name": ..., "width": ..., "height": ..., "objects": {"bbox": [[x, y, w, h]], "categories": [0]}}`.
A set without splits is all `train`, as the hub would call it. The names of class ids are taken from `classes.json`,
else from the card; without either, a class is called by its number. Categories that are names make classes in sorted
order.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from meshsight.core.errors import DataError
from meshsight.core.files import write_chunks, write_text
from meshsight.core.images import read_size_hw
from meshsight.datasets.capacity import Capacity, Part
from meshsight.datasets.class_names import CLASSES, read_class_list, write_class_list
from meshsight.datasets.foreign import BoxCheck, ForeignSpec, photograph_of
from meshsight.datasets.image_names import FlatNames
from meshsight.datasets.imagefolder.rows import CARD, card_text, read_card, read_line, write_line
from meshsight.datasets.label_folders import checked_samples
from meshsight.datasets.target import Target
from meshsight.records.dataset import Dataset
from meshsight.records.sample import ObjectLabel, Sample

METADATA = "metadata.jsonl"
DATA = "data"
DEFAULT_SPLIT = "train"
_PRECISION_PX = 1e-9


class Spec(ForeignSpec):
    """Hugging Face image folders with boxes."""

    kind: Literal["imagefolder"] = "imagefolder"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    file: Path
    number: int
    text: str

    @property
    def where(self) -> str:
        return f"{self.file}, line {self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lines:
    """The lines of some files, read anew on each pass."""

    files: Sequence[Path]

    def __iter__(self) -> Iterator[_Line]:
        for file in self.files:
            try:
                with file.open(encoding="utf-8") as opened:
                    for number, text in enumerate(opened, start=1):
                        if text.strip():
                            yield _Line(file=file, number=number, text=text)
            except (OSError, UnicodeDecodeError) as error:
                raise DataError(f"{file}: cannot be read as text: {error}") from error


class ImagefolderFormat:
    """Reads and writes Hugging Face image folders with boxes."""

    looks_for = f"a folder, or one for each split, with {METADATA} that has objects (Hugging Face image folder)"
    capacity = Capacity(
        keeps={Part.BOX: _PRECISION_PX},
        notes=(
            "Boxes are left, top, width and height; a corner is a sum, exact but for the last bit.",
            "`datasets` calls a split `val` `validation`, and cannot load a split in which no image has an object.",
        ),
    )

    def __init__(self, spec: Spec) -> None:
        self._spec = spec

    def recognises(self, path: Path) -> bool:
        """Looks at the first line of the first `metadata.jsonl`."""
        file = next(iter(_metadata(path).values()), None) if path.is_dir() else None
        if file is None:
            return False
        with file.open("rb") as opened:
            head = opened.readline(100_000)
        return b'"file_name"' in head and b'"objects"' in head and b'"bbox"' in head

    def splits(self, path: Path) -> tuple[str, ...]:
        """Returns the names of its splits; () for one alone."""
        names = tuple(_metadata(path))
        return names if len(names) > 1 else ()

    def open(self, path: Path, split: str | None) -> Dataset:
        """Counts the lines and learns the classes; each pass over the samples reads the files anew.

        Raises:
            DataError: there is no such split, or a line is not as it should be.
        """
        files = _metadata(path)
        if split is not None and split not in files:
            raise DataError(f"{path}: no split '{split}'; there are: {', '.join(files) or 'none'}")
        if not files:
            raise DataError(f"{path}: expected {self.looks_for}")
        lines = _Lines(files=tuple(files.values()) if split is None else (files[split],))
        reader = _LineReader(self._spec, path, _classes(path, _Lines(files=tuple(files.values()))))
        return Dataset(
            root=path,
            classes=reader.classes,
            num_samples=sum(1 for _ in lines),
            samples=checked_samples(lines, reader.sample, self._spec, path),
            name=path.resolve().name + (f"#{split}" if split else ""),
            fingerprint=None,
        )

    def write(self, parts: Mapping[str, Dataset], target: Target) -> None:
        """Writes images and lines, and the names of the classes last.

        Raises:
            DataError: an image is missing.
            StorageError: the disk is full.
        """
        classes = next(iter(parts.values())).classes
        for split, dataset in parts.items():
            folder = split or DEFAULT_SPLIT
            write_chunks(target.folder / folder / METADATA, _written_lines(dataset, folder, target))
        write_text(target.folder / CARD, card_text(classes))
        write_class_list(target.folder, classes, classes)


def build(spec: Spec) -> ImagefolderFormat:
    """Returns the format."""
    return ImagefolderFormat(spec)


class _LineReader:
    """Makes samples of lines."""

    def __init__(self, spec: Spec, root: Path, classes: tuple[str, ...]) -> None:
        self.classes = classes
        self._spec = spec
        self._root = root
        self._ids = {name: class_id for class_id, name in enumerate(classes)}

    def sample(self, index: int, line: _Line, check: BoxCheck) -> Sample:
        """Reads one line; the image is only looked for."""
        row = read_line(line.text, line.where)
        path = line.file.parent / row.file_name
        if not path.is_file() and (row.size_hw is None or self._spec.missing_images == "refuse"):
            raise DataError(f"{line.where}: no image '{row.file_name}' in {line.file.parent}")
        size_hw = row.size_hw or read_size_hw(path)
        objects: list[ObjectLabel] = []
        things = zip(row.objects.bbox, row.objects.categories, strict=True)
        for number, ((x, y, width, height), category) in enumerate(things, start=1):
            where = f"{line.where}: object {number}"
            box = check.check((x, y, x + width, y + height), size_hw, where)
            class_id = self._class_id(category, where)
            if box is not None:
                objects.append(ObjectLabel(class_id=class_id, box=box))
        image = path.relative_to(self._root).as_posix()
        return Sample(image=image, size_hw=size_hw, objects=tuple(objects), frame=index, group=photograph_of(image))

    def _class_id(self, category: int | str, where: str) -> int:
        class_id = self._ids.get(category, -1) if isinstance(category, str) else category
        if not 0 <= class_id < len(self.classes):
            raise DataError(f"{where}: category '{category}': expected one of {', '.join(self.classes)}, or its number")
        return class_id


def _metadata(path: Path) -> dict[str, Path]:
    """Returns the metadata files by split; a file in the folder itself, or in `data`, is all there is."""
    for base in (path, path / DATA):
        if (base / METADATA).is_file():
            return {DEFAULT_SPLIT: base / METADATA}
        found = {file.parent.name: file for file in sorted(base.glob(f"*/{METADATA}"))}
        found.pop(DATA, None)
        if found:
            return found
    return {}


def _classes(path: Path, lines: _Lines) -> tuple[str, ...]:
    listed = read_class_list(path)
    named = tuple(one.name for one in listed) if listed is not None else read_card(path)
    if named is not None:
        return named
    found = {category for line in lines for category in read_line(line.text, line.where).objects.categories}
    names = sorted(category for category in found if isinstance(category, str))
    numbers = [category for category in found if isinstance(category, int)]
    if names and numbers:
        raise DataError(f"{path}: some categories are names and some are numbers; name the numbers in {CLASSES}")
    return tuple(names) if names else tuple(str(number) for number in range(max(numbers, default=-1) + 1))


def _written_lines(dataset: Dataset, folder: str, target: Target) -> Iterator[bytes]:
    names = FlatNames()
    for sample in dataset.samples():
        name = names.stem(sample.image) + PurePosixPath(sample.image).suffix.lower()
        target.place_image(dataset.root / sample.image, f"{folder}/{name}")
        yield write_line(sample, name).encode()
