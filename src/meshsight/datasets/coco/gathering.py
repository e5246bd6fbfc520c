"""The tables of a COCO file gathered into columns: a few numbers a row, and where its text stands for all else.

Shapes: m images, n annotations.
"""

import math
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from meshsight.core.errors import DataError
from meshsight.datasets.coco.keypoints import are_triples
from meshsight.datasets.coco.repairs import Repairs
from meshsight.datasets.coco.rows import (
    EXTRAS,
    AnnotationRow,
    CategoryRow,
    Id,
    ImageRow,
    check_entry,
    check_json,
    describe,
)
from meshsight.datasets.coco.text import CocoText, Row


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ImageColumns:
    """The images.

    Attributes:
        names: `file_name` as it is written.
        sizes_hw: height and width as written; 0 is not said.
        start, stop: where the text of a row stands.
        has_extras: the row says more in our own words.
    """

    names: list[str]
    sizes_hw: Int[np.ndarray, "m 2"]
    start: Int[np.ndarray, " m"]
    stop: Int[np.ndarray, " m"]
    has_extras: Bool[np.ndarray, " m"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AnnotationColumns:
    """The annotations.

    Attributes:
        image, class_id: index of the image and class that a row belongs to.
        boxes: xyxy, unchecked; NaN where there is no box.
        start, stop: where the text of a row stands.
        is_ignored: crowd or `ignore`.
        has_more: the row has a segmentation, keypoints, or says more in our own words.
    """

    image: Int[np.ndarray, " n"]
    class_id: Int[np.ndarray, " n"]
    boxes: Float[np.ndarray, "n 4"]
    start: Int[np.ndarray, " n"]
    stop: Int[np.ndarray, " n"]
    is_ignored: Bool[np.ndarray, " n"]
    has_more: Bool[np.ndarray, " n"]


class Ids:
    """The index of each row of a table by its id."""

    def __init__(self, file: Path, what: str) -> None:
        self._file = file
        self._what = what
        self._index: dict[Id, int] = {}

    def __iter__(self) -> Iterator[Id]:
        return iter(self._index)

    def add(self, key: Id) -> None:
        """Gives an id the next index; raises DataError where it has one."""
        if key in self._index:
            raise DataError(f"{self._file}: {self._what} {key!r} is used twice")
        self._index[key] = len(self._index)

    def find(self, key: Any) -> int:
        """Returns the index of an id, which may be text here and a number there, or -1."""
        found = self._index.get(key)
        return self._by_text.get(_bare(key), -1) if found is None else found

    @cached_property
    def _by_text(self) -> dict[str, int]:
        indices: dict[str, int] = {}
        for key, index in self._index.items():
            indices[_bare(key)] = index if _bare(key) not in indices else -1
        return indices


def _bare(key: object) -> str:
    """Returns an id as text, a number without leading zeros."""
    text = str(key)
    return str(int(text)) if text.isdecimal() else text


class Images:
    """Gathers the images."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.ids = Ids(file, "image id")
        self._names: list[str] = []
        self._sizes = array("q")
        self._spans = array("q")
        self._has_extras = bytearray()

    def add(self, row: Row) -> None:
        """Takes a row; raises DataError where a field is bad, or the id is there already."""
        image = check_entry(ImageRow, row.value, f"{self._file}: no COCO file: {row.place}")
        self.ids.add(image.id)
        self._names.append(image.file_name)
        self._sizes.extend((image.height or 0, image.width or 0))
        self._spans.extend((row.start, row.stop))
        self._has_extras.append(EXTRAS in row.value)

    def columns(self, repairs: Repairs) -> ImageColumns:
        """Returns what was gathered."""
        repairs.add("image ids that are text", sum(isinstance(key, str) for key in self.ids))
        spans = _pairs(self._spans)
        return ImageColumns(
            names=self._names,
            sizes_hw=_pairs(self._sizes),
            start=spans[:, 0],
            stop=spans[:, 1],
            has_extras=np.frombuffer(self._has_extras, bool),
        )


class Categories:
    """Gathers the classes."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.rows: list[CategoryRow] = []

    def add(self, row: Row) -> None:
        """Takes a row; raises DataError where a field is bad."""
        self.rows.append(check_entry(CategoryRow, row.value, f"{self._file}: no COCO file: {row.place}"))

    def sort(self, repairs: Repairs) -> Ids:
        """Sorts the classes by id, and returns the class id of each."""
        self.rows.sort(key=_in_order)
        ids, names = Ids(self._file, "category id"), Ids(self._file, "category name")
        for row in self.rows:
            ids.add(row.id)
            names.add(row.name)
        repairs.add("category of id 0, taken as a class", int(ids.find(0) >= 0))
        return ids


def _in_order(row: CategoryRow) -> tuple[bool, int, str]:
    """Sorts numbers by size, also those that are text, and then other text."""
    text = str(row.id)
    return (False, int(text), "") if text.removeprefix("-").isdecimal() else (True, 0, text)


class _Facts(NamedTuple):
    """What is kept of an annotation as numbers; without a box its sides are NaN."""

    image_id: Id
    category_id: Id
    box: "array[float]"
    is_ignored: bool
    has_odd_keypoints: bool


class Annotations:
    """Gathers the annotations."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._image_keys: dict[Id, int] = {}
        self._category_keys: dict[Id, int] = {}
        self._codes = array("q")
        self._boxes = array("d")
        self._spans = array("q")
        self._flags = bytearray()
        self._id_hashes = array("q")
        self._num_odd_keypoints = 0

    def add(self, row: Row) -> None:
        """Takes a row; raises DataError where a field is bad."""
        entry = row.value
        try:
            facts = _plain_facts(entry)
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError):
            facts = self._odd_facts(row)
        self._codes.append(self._image_keys.setdefault(facts.image_id, len(self._image_keys)))
        self._codes.append(self._category_keys.setdefault(facts.category_id, len(self._category_keys)))
        self._boxes.extend(facts.box)
        self._spans.append(row.start)
        self._spans.append(row.stop)
        has_more = bool(entry.get("segmentation") or entry.get("keypoints") or EXTRAS in entry)
        self._flags.append(facts.is_ignored | has_more << 1)
        self._num_odd_keypoints += facts.has_odd_keypoints
        if (key := entry.get("id")) is not None:
            self._id_hashes.append(hash(key))  # a number is its own hash, and text takes eight bytes, too

    def columns(self, image_ids: Ids, class_ids: Ids, text: CocoText, repairs: Repairs) -> AnnotationColumns:
        """Returns what was gathered, with ids resolved; raises DataError where one leads nowhere."""
        codes, spans, flags = _pairs(self._codes), _pairs(self._spans), np.frombuffer(self._flags, np.uint8)
        image = _resolve(codes[:, 0], self._image_keys, image_ids)
        class_id = _resolve(codes[:, 1], self._category_keys, class_ids)
        for what, found, key in (("image", image, "image_id"), ("category", class_id, "category_id")):
            for index in np.flatnonzero(found < 0)[:1].tolist():
                entry = check_json(AnnotationRow, text.json(*spans[index].tolist()), f"{self._file}: ")
                raise DataError(
                    f"{self._file}: {describe(entry.id, index)}: there is no {what} {getattr(entry, key)!r}"
                )
        repairs.add("annotation ids that are used again", len(self._id_hashes) - len(np.unique(self._id_hashes)))
        repairs.add("lists of keypoints that are no triples, left out", self._num_odd_keypoints)
        return AnnotationColumns(
            image=image,
            class_id=class_id,
            boxes=np.frombuffer(self._boxes, np.float64).reshape(-1, 4),
            start=spans[:, 0],
            stop=spans[:, 1],
            is_ignored=(flags & 1).astype(bool),
            has_more=(flags & 2).astype(bool),
        )

    def _odd_facts(self, row: Row) -> _Facts:
        """Reads a row that is not as plain as most, or says what is wrong with it."""
        entry = check_entry(AnnotationRow, row.value, f"{self._file}: no COCO file: {row.place}")
        assert row.number is not None
        if entry.bbox and len(entry.bbox) != 4:
            where = f"{self._file}: {describe(entry.id, row.number)}"
            raise DataError(f"{where}: bbox needs x, y, width, height, found {entry.bbox}")
        x, y, width, height = entry.bbox or [math.nan] * 4
        return _Facts(
            image_id=entry.image_id,
            category_id=entry.category_id,
            box=array("d", (x, y, x + width, y + height)),
            is_ignored=bool(entry.iscrowd or entry.ignore),
            has_odd_keypoints=not are_triples(entry.keypoints or ()),
        )


def _plain_facts(entry: Any) -> _Facts:
    """Reads a row as most are; fails on one that is odd without saying why."""
    x, y, width, height = entry["bbox"]
    image_id, category_id = entry["image_id"], entry["category_id"]
    hash((image_id, category_id, entry.get("id")))  # a list or an object cannot be an id
    return _Facts(
        image_id,
        category_id,
        array("d", (x, y, x + width, y + height)),
        (entry.get("iscrowd", 0) | entry.get("ignore", 0)) != 0,
        not are_triples(entry.get("keypoints") or ()),
    )


def _pairs(values: "array[int]") -> Int[np.ndarray, "_ 2"]:
    return np.frombuffer(values, np.int64).reshape(-1, 2)


def _resolve(codes: Int[np.ndarray, " n"], keys: Iterable[Id], ids: Ids) -> Int[np.ndarray, " n"]:
    """Returns the index that the id behind each code has, or -1."""
    indices = np.array([ids.find(key) for key in keys], dtype=np.int32)
    return indices[codes]
