"""The reader and writer of `patches_h5`."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image, UnidentifiedImageError

from meshsight.core.container import read_path
from meshsight.core.containers._h5 import member_name
from meshsight.core.errors import DataError, ImageError
from meshsight.datasets.capacity import EXACT, Capacity, Part
from meshsight.datasets.format import WHOLE
from meshsight.datasets.formats._patches_h5_files import (
    SUFFIXES,
    PatchFile,
    PatchTable,
    files_by_split,
    has_labels,
    read_patch_file,
    split_of,
    write_patch_file,
)
from meshsight.datasets.formats.patches_h5 import Spec
from meshsight.datasets.patches.circle import Circle, circle_label, circle_of, class_label, made_round, made_whole
from meshsight.datasets.patches.origins import origins_of
from meshsight.datasets.target import Target
from meshsight.records.dataset import Dataset
from meshsight.records.sample import ObjectLabel, Sample

_NOTES = (
    "Pixels are kept, not files: an image is given back as PNG.",
    "All patches are of one size and one colour mode: grey, grey with alpha (for Y and UV), or RGB.",
)
_CHANNELS = {"L": 1, "LA": 2, "RGB": 3}


class PatchesH5Format:
    """Reads and writes HDF5 patches."""

    looks_for = "a .h5 file, or a folder of them, with images and 'y' (ball patches)"

    def __init__(self, spec: Spec) -> None:
        self._spec = spec

    @property
    def capacity(self) -> Capacity:
        """A circle, or a class, and the group of each patch."""
        if self._spec.target == "class":
            keeps = {Part.BOX: EXACT, Part.GROUP: EXACT}
            return Capacity(keeps=keeps, in_its_words=made_whole, max_objects=1, notes=_NOTES)
        return Capacity(
            keeps={Part.BOX: 1e-9, Part.FULL_BOX: 1e-9, Part.GROUP: EXACT},
            in_its_words=made_round,
            max_objects=1,
            notes=("A box becomes the circle of its centre and mean side.", *_NOTES),
        )

    def recognises(self, path: Path) -> bool:
        """Looks into the first file."""
        if not path.is_dir() and path.suffix.lower() not in SUFFIXES:
            return False
        first = next(iter(files_by_split(path).values()), None)
        return first is not None and has_labels(first)

    def splits(self, path: Path) -> tuple[str, ...]:
        """Returns the splits in the names of the files; () for a single file that names none."""
        files = files_by_split(path)
        if len(files) == 1 and split_of(next(iter(files.values()))) is None:
            return ()
        return tuple(files)

    def open(self, path: Path, split: str | None) -> Dataset:
        """Reads the labels of one file, or of all; pixels are read when an image is asked for.

        Raises:
            DataError: a file is damaged or not of patches, there is no such split, or files disagree in their classes.
        """
        files = files_by_split(path)
        if not files or split not in (None, *files):
            raise DataError(f"{path}: no split '{split}'; there are: {', '.join(files) or 'none'}")
        chosen = list(files.values()) if split is None else [files[split]]
        tables = [read_patch_file(file, self._spec.images) for file in chosen]
        for table in tables:
            if table.classes != tables[0].classes:
                raise DataError(f"{table.path}: other classes than in {tables[0].path.name}; open each split by itself")
        return Dataset(
            root=path if path.is_dir() else path.parent,
            classes=tables[0].classes,
            num_samples=sum(len(table.class_ids) for table in tables),
            samples=partial(_stream, tables, self._spec.images),
            name=path.resolve().name + (f"#{split}" if split else ""),
            fingerprint=None,
        )

    def write(self, parts: Mapping[str, Dataset], target: Target) -> None:
        """Writes one file for each split; pixels go into it whatever the target's mode.

        Raises:
            DataError: an image is missing or of another size or colour mode than the first.
            StorageError: the disk is full.
        """
        for split, dataset in parts.items():
            if dataset.num_samples == 0:
                continue
            has_circles = self._spec.target == "circle"
            table = _table(dataset, has_circles)
            height, width = next(sample.size_hw for sample in dataset.samples())
            middle = f"{width}x{height}" + (f"_{split}" if split != WHOLE else "")
            what = "radius_center" if has_circles else "no_ball"
            write_patch_file(target.folder / f"patches_{middle}_ball_{what}_X_y.h5", _images(dataset), table)


def build(spec: Spec) -> PatchesH5Format:
    """Returns the format."""
    return PatchesH5Format(spec)


def _table(dataset: Dataset, has_circles: bool) -> PatchTable:
    numbers: list[int] = []
    circles: list[Circle] = []
    groups: list[str] = []
    paths: list[Path] = []
    for sample in dataset.samples():
        height, width = sample.size_hw
        label = sample.objects[0] if sample.objects else None
        numbers.append(0 if label is None else label.class_id + 1)
        radius, x, y = circle_of(label) if has_circles and label is not None else (0.0, 0.0, 0.0)
        circles.append((radius / width, x / width, y / height))
        groups.append(sample.group)
        paths.append(dataset.root / sample.image)
    return PatchTable(
        classes=dataset.classes,
        label=np.array(numbers, dtype=np.int64),
        circles=np.array(circles) if has_circles else None,
        groups=tuple(groups),
        origins=origins_of(paths),
    )


def _stream(tables: Sequence[PatchFile], images: str) -> Iterator[Sample]:
    frame = 0
    for table in tables:
        for row, class_id in enumerate(table.class_ids.tolist()):
            name = f"{table.path.name}/{member_name(images, row)}"
            yield Sample(
                image=name,
                size_hw=table.size_hw,
                objects=_objects(table, row, class_id),
                frame=frame,
                group=name if table.groups is None else table.groups[row],
            )
            frame += 1


def _objects(table: PatchFile, row: int, class_id: int) -> tuple[ObjectLabel, ...]:
    if class_id < 0:
        return ()
    if table.circles is None:
        return (class_label(class_id, table.size_hw),)
    radius, x, y = table.circles[row].tolist()
    label = circle_label(class_id, (radius, x, y), table.size_hw)
    return () if label is None else (label,)


def _images(dataset: Dataset) -> Iterator[UInt8[np.ndarray, "_ _ _"]]:
    first: UInt8[np.ndarray, "_ _ _"] | None = None
    for sample in dataset.samples():
        path = dataset.root / sample.image
        pixels = _pixels(path)
        first = pixels if first is None else first
        if pixels.shape != first.shape:
            raise DataError(
                f"{path}: {_in_words(pixels)}, but the first patch has {_in_words(first)}; "
                "the format holds patches of one size and colour mode"
            )
        yield pixels


def _pixels(path: Path) -> UInt8[np.ndarray, "_ _ _"]:
    """Returns an image as it is stored: one channel of grey, grey and alpha, or RGB; anything else becomes RGB."""
    try:
        with Image.open(BytesIO(read_path(path))) as image:
            pixels = np.asarray(image if image.mode in _CHANNELS else image.convert("RGB"))
    except FileNotFoundError as error:
        raise ImageError(f"{path}: no such image file") from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise ImageError(f"{path}: cannot be decoded ({error}); the file is truncated or no image") from error
    return pixels.reshape(*pixels.shape[:2], -1)


def _in_words(pixels: UInt8[np.ndarray, "_ _ _"]) -> str:
    height, width, channels = pixels.shape
    return f"{width} x {height} px of {channels} channel{'s' * (channels > 1)}"
