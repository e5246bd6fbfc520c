"""Detections as the CSV that detection competitions score: `PredictionString,image_id`.

One row for each image, also where nothing was found. A prediction is `class score x1 y1 x2 y2`, repeated with spaces
between: class ids from 0, boxes in pixels of the image. `image_id` is the image's path as the data set calls it.
"""

import csv
import io
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from meshsight.core.errors import DataError
from meshsight.core.files import write_chunks
from meshsight.records.detections import Detections, no_detections

COLUMNS = ("PredictionString", "image_id")
_NUMBERS = 6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ImageDetections:
    """The detections of one image."""

    image: str
    detections: Detections


def write_detections_csv(path: Path, images: Iterable[ImageDetections]) -> None:
    """Writes one row for each image, in order; each number has the shortest digits that read back to the same float32.

    Raises:
        DataError: two rows are of one image.
        StorageError: the disk is full; nothing is left behind.
    """
    write_chunks(path, _lines(images))


def read_detections_csv(path: Path) -> tuple[ImageDetections, ...]:
    """Reads what `write_detections_csv` or a competitor wrote; detections keep their order.

    Raises:
        DataError: the file is missing or of other columns, a row is not in sixes of numbers, or an image occurs twice.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if set(rows.fieldnames or ()) != set(COLUMNS):
                found = ", ".join(rows.fieldnames or ()) or "nothing"
                raise DataError(f"{path}: expected the columns {', '.join(COLUMNS)}, found {found}")
            return tuple(_read_rows(rows, path))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read as CSV: {error}") from error


def _lines(images: Iterable[ImageDetections]) -> Iterator[bytes]:
    yield _line(COLUMNS)
    seen: set[str] = set()
    for one in images:
        if one.image in seen:
            raise DataError(f"image '{one.image}': two rows of detections; each image has one")
        seen.add(one.image)
        yield _line((_in_words(one.detections), one.image))


def _line(fields: Iterable[str]) -> bytes:
    """Returns a row with quotes where a path needs them."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(fields)
    return line.getvalue().encode()


def _in_words(detections: Detections) -> str:
    numbers = np.column_stack([detections.scores, detections.boxes])
    rows = zip(detections.class_ids.tolist(), numbers, strict=True)
    return " ".join(f"{class_id} {' '.join(map(_shortest, row))}" for class_id, row in rows)


def _shortest(number: np.float32) -> str:
    return np.format_float_positional(number, trim="-")


def _read_rows(rows: Iterable[dict[str, str | None]], path: Path) -> Iterator[ImageDetections]:
    seen: set[str] = set()
    for number, row in enumerate(rows, start=2):
        where = f"{path}, line {number}"
        image = row["image_id"]
        if not image:
            raise DataError(f"{where}: no image_id")
        if image in seen:
            raise DataError(f"{where}: a second row of image '{image}'")
        seen.add(image)
        yield ImageDetections(image=image, detections=_parse(row["PredictionString"] or "", where))


def _parse(text: str, where: str) -> Detections:
    words = text.split()
    if not words:
        return no_detections()
    if len(words) % _NUMBERS:
        raise DataError(f"{where}: {len(words)} numbers; expected class score x1 y1 x2 y2, repeated")
    try:
        class_ids = [int(word) for word in words[::_NUMBERS]]
        numbers = np.array([float(word) for word in words]).reshape(-1, _NUMBERS)
    except ValueError as error:
        raise DataError(f"{where}: not a number: {error}") from error
    if min(class_ids) < 0 or not all(math.isfinite(number) for number in numbers.flat):
        raise DataError(f"{where}: class ids count from 0, and numbers must be finite")
    return Detections(
        boxes=numbers[:, 2:].astype(np.float32),
        scores=numbers[:, 1].astype(np.float32),
        class_ids=np.array(class_ids, dtype=np.int64),
    )
