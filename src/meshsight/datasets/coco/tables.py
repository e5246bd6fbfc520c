"""A COCO file as columns, with its references resolved.

What is refused: a table that is missing, an image, category or class name that is there twice, and a reference that
leads nowhere.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from meshsight.core.errors import DataError
from meshsight.datasets.coco.gathering import AnnotationColumns, Annotations, Categories, ImageColumns, Images
from meshsight.datasets.coco.repairs import Repairs
from meshsight.datasets.coco.rows import CategoryRow
from meshsight.datasets.coco.text import CocoText


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CocoTables:
    """A COCO file.

    Attributes:
        text: the file.
        images, annotations: the tables.
        categories: sorted by id; the place of each is its class id.
        info: what stands under that key.
        repairs: what was put right.
    """

    text: CocoText
    images: ImageColumns
    categories: tuple[CategoryRow, ...]
    annotations: AnnotationColumns
    info: Any
    repairs: Repairs


def read_tables(file: Path) -> CocoTables:
    """Reads a COCO file.

    Raises:
        DataError: the file cannot be read, a field is missing or of the wrong type, or an id is unknown or used twice.
    """
    text, repairs = CocoText(file), Repairs()
    images, categories, annotations = Images(file), Categories(file), Annotations(file)
    gather = {"images": images.add, "categories": categories.add, "annotations": annotations.add}
    values: dict[str, Any] = {}
    for row in text.rows(frozenset(gather)):
        if row.number is None:
            values[row.table] = row.value
        else:
            gather[row.table](row)
    for table in gather:
        if table not in values:
            raise DataError(f"{file}: no COCO file: {table}: Field required")
    repairs.add("licences that are no list", int(not isinstance(values.get("licenses", []), list)))
    class_ids = categories.sort(repairs)
    return CocoTables(
        text=text,
        images=images.columns(repairs),
        categories=tuple(categories.rows),
        annotations=annotations.columns(images.ids, class_ids, text, repairs),
        info=values.get("info"),
        repairs=repairs,
    )
