"""Boxes as CSV: a data set format of your own, in one file.

boxes.csv        image,class,x1,y1,x2,y2 in pixels, half-open; a row without a box is an image without objects
classes.csv      the class names in order
images/NAME      the images

Installed, it is a format like any other:

    pip install ./examples/custom_format
    meshsight convert data/train boxes --to boxes_csv --set decimals=2
    meshsight train small.yaml --data boxes --out run

Without installing it, see `write_a_data_set.py`.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Literal

from pydantic import Field

from meshsight.core.errors import DataError
from meshsight.core.files import write_text
from meshsight.core.images import read_size_hw
from meshsight.datasets.capacity import Capacity, Part
from meshsight.datasets.foreign import photograph_of
from meshsight.datasets.format import WHOLE
from meshsight.datasets.image_names import path_within
from meshsight.datasets.target import Target
from meshsight.records.dataset import Dataset
from meshsight.records.sample import ObjectLabel, Sample
from meshsight.specs.base import VariantSpec

BOXES = "boxes.csv"
CLASSES = "classes.csv"
HEAD = ["image", "class", "x1", "y1", "x2", "y2"]


class Spec(VariantSpec):
    """Settings; each can be given on the command line, as in `--set decimals=2`."""

    kind: Literal["boxes_csv"] = "boxes_csv"
    decimals: int = Field(3, ge=0, le=9)
    """Digits after the point."""


class BoxesCsv:
    """Reads and writes one CSV file of boxes. A format may also do only one of the two."""

    looks_for = f"a folder with {BOXES} and {CLASSES}"

    def __init__(self, spec: Spec) -> None:
        self._decimals = spec.decimals

    @property
    def capacity(self) -> Capacity:
        """Only boxes, to half of the last digit; masks, poses and the rest are dropped before `write`, and counted."""
        return Capacity(keeps={Part.BOX: 0.5 * 10**-self._decimals}, keeps_splits=False)

    def write(self, parts: Mapping[str, Dataset], target: Target) -> None:
        """Writes the whole set: labels as they stream, images under their own names."""
        dataset = parts[WHOLE]
        write_text(target.folder / BOXES, _to_csv([HEAD, *self._rows(dataset, target)]))
        write_text(target.folder / CLASSES, _to_csv([name] for name in dataset.classes))

    def recognises(self, path: Path) -> bool:
        """Asks for both files, so that no other kind of folder is claimed."""
        return (path / BOXES).is_file() and (path / CLASSES).is_file()

    def splits(self, path: Path) -> tuple[str, ...]:
        """Returns (): there are no splits."""
        return ()

    def open(self, path: Path, split: str | None) -> Dataset:
        """Opens the folder; a bad row is refused with its place.

        Raises:
            DataError: a split is asked for, or the file is no table of boxes.
        """
        if split is not None:
            raise DataError(f"{path}: no split '{split}'; {BOXES} is one set")
        classes = tuple(name for (name,) in _read_csv(path / CLASSES))
        read = partial(_samples, path, classes)
        return Dataset(
            root=path,
            classes=classes,
            num_samples=sum(1 for _ in read()),
            samples=read,
            name=path.name,
            fingerprint=None,
        )

    def _rows(self, dataset: Dataset, target: Target) -> Iterator[list[str]]:
        for sample in dataset.samples():
            image = path_within("images", sample.image)
            target.place_image(dataset.root / sample.image, image)
            for label in sample.objects:
                box = [f"{side:.{self._decimals}f}" for side in label.box]
                yield [image, dataset.classes[label.class_id], *box]
            if not sample.objects:
                yield [image, "", "", "", "", ""]


def build(spec: Spec) -> BoxesCsv:
    """Returns the format; meshsight calls this."""
    return BoxesCsv(spec)


def _samples(folder: Path, classes: Sequence[str]) -> Iterator[Sample]:
    rows = _read_csv(folder / BOXES)
    if next(rows, None) != HEAD:
        raise DataError(f"{folder / BOXES}: expected the columns {', '.join(HEAD)}")
    for frame, (image, group) in enumerate(groupby(rows, key=lambda row: row[0])):
        objects = tuple(_label(row, classes, folder / BOXES) for row in group if row[1])
        yield Sample(
            image=image,
            size_hw=read_size_hw(folder / image),
            objects=objects,
            frame=frame,
            group=photograph_of(image),
        )


def _label(row: Sequence[str], classes: Sequence[str], path: Path) -> ObjectLabel:
    try:
        _, name, *box = row
        x1, y1, x2, y2 = map(float, box)
        return ObjectLabel(class_id=classes.index(name), box=(x1, y1, x2, y2))
    except ValueError as error:
        raise DataError(f"{path}: bad row {','.join(row)}: {error}") from error


def _to_csv(rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _read_csv(path: Path) -> Iterator[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.reader(file)
