"""COCO files: ids used twice, and annotations of images and classes that the file does not list."""

from array import array
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np

from meshsight.core.errors import DataError
from meshsight.datasets.coco.files import label_files
from meshsight.datasets.coco.text import CocoText, Row
from meshsight.datasets.inspection.checks.labels import UNKNOWN_CLASS
from meshsight.datasets.inspection.findings import Case, Fault
from meshsight.specs.base import VariantSpec

DUPLICATE_ID = Fault(
    code="duplicate_id",
    severity="error",
    message="ids of images, annotations or categories are used twice",
    advice="number them anew; `meshsight convert` does so for annotations",
)
UNKNOWN_IMAGE = Fault(
    code="unknown_image",
    severity="error",
    message="annotations belong to an image that the file does not list",
    advice="list the image, or drop the annotations",
)
FAULTS = (DUPLICATE_ID, UNKNOWN_IMAGE, UNKNOWN_CLASS)
_TABLES = ("images", "annotations", "categories")
_REFERENCES = (("image_id", "images", UNKNOWN_IMAGE), ("category_id", "categories", UNKNOWN_CLASS))


class Spec(VariantSpec):
    """Ids have no limits to set."""

    kind: Literal["coco"] = "coco"


class CocoFileCheck:
    """Walks the rows of COCO files; holds a number for each id."""

    def look(self, path: Path) -> Iterator[Case]:
        """Yields what is wrong with the ids; a file that is no JSON is left to the reader."""
        for file in label_files(path):
            ids = _Ids()
            try:
                for row in CocoText(file).rows(frozenset(_TABLES)):
                    ids.add(row)
            except DataError:
                continue
            where = file.name if file == path else file.relative_to(path).as_posix()
            yield from ids.repeated(where)
            yield from ids.dangling(where)


def build(spec: Spec) -> CocoFileCheck:
    """Returns the check."""
    return CocoFileCheck()


class _Ids:
    """The ids of one file, and what refers to them; text and number are the same id."""

    def __init__(self) -> None:
        self._hashes = {table: array("q") for table in _TABLES}
        self._names: dict[str, set[str]] = {"images": set(), "categories": set()}
        self._references = {key: Counter[str]() for key, _, _ in _REFERENCES}

    def add(self, row: Row) -> None:
        """Notes a row."""
        if row.number is None or not isinstance(row.value, dict):
            return
        name = str(row.value.get("id", f"row {row.number}"))
        self._hashes[row.table].append(hash(name))
        if row.table in self._names:
            self._names[row.table].add(name)
        else:
            for key, counts in self._references.items():
                counts[str(row.value.get(key))] += 1

    def repeated(self, where: str) -> Iterator[Case]:
        """Yields each row whose id an earlier row has."""
        for table, hashes in self._hashes.items():
            values = np.array(hashes, dtype=np.int64)
            order = np.argsort(values, kind="stable")
            again = order[1:][values[order[1:]] == values[order[:-1]]]
            for index in sorted(again.tolist()):
                yield Case(fault=DUPLICATE_ID, detail=f"{where}: {table}[{index}] has the id of an earlier row")

    def dangling(self, where: str) -> Iterator[Case]:
        """Yields each id that annotations refer to and that is not there."""
        for key, table, fault in _REFERENCES:
            for name, count in self._references[key].items():
                if name not in self._names[table]:
                    yield Case(fault=fault, detail=f"{where}: {count} annotations have the {key} {name}")
