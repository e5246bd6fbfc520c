"""The three tables of a COCO file, with their types checked and their references resolved.

Other programs write ids as numbers or as strings, leave sizes out, and add keys of their own; all that is read. What is
refused: a table that is missing, an id that is used twice, and a reference that leads nowhere.
"""

from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from meshsight.core.errors import DataError

Id = int | str


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class ImageRow(_Row):
    """An image; its size is read from the file when it is not given."""

    id: Id
    file_name: str
    width: int | None = None
    height: int | None = None


class CategoryRow(_Row):
    """A class."""

    id: Id
    name: str


class RunLengthRow(_Row):
    """A mask as runs: `counts` is a list, or COCO's compressed string."""

    size: tuple[int, int]
    counts: str | list[int]


Segmentation = RunLengthRow | list[list[float]]


class AnnotationRow(_Row):
    """A labelled object: `bbox` is x, y, width, height; `segmentation` polygons or runs."""

    id: Id | None = None
    image_id: Id
    category_id: Id
    bbox: list[float] | None = None
    segmentation: Segmentation | None = None
    iscrowd: int | None = None
    ignore: int | None = None
    keypoints: list[float] | None = None


class CocoTables(_Row):
    """A COCO file."""

    images: list[ImageRow]
    categories: list[CategoryRow]
    annotations: list[AnnotationRow]


def looks_like_coco(file: Path) -> bool:
    """Tells from the first kilobytes of a file whether it may be a COCO file."""
    try:
        with file.open("rb") as opened:
            head = opened.read(4096)
    except OSError:
        return False
    tables = (b'"info"', b'"licenses"', b'"images"', b'"categories"', b'"annotations"')
    return head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{") and any(table in head for table in tables)


def read_tables(file: Path) -> CocoTables:
    """Reads a COCO file.

    Raises:
        DataError: the file cannot be read, a field is missing or of the wrong type, or an id is unknown or used twice.
    """
    try:
        tables = CocoTables.model_validate_json(file.read_bytes())
    except OSError as error:
        raise DataError(f"{file}: cannot be read: {error.strerror or error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"]).lstrip(".")
        raise DataError(f"{file}: no COCO file: {place + ': ' if place else ''}{first['msg']}") from error
    _check_unique(file, "image id", (row.id for row in tables.images))
    _check_unique(file, "category id", (row.id for row in tables.categories))
    _check_unique(file, "category name", (row.name for row in tables.categories))
    _check_references(file, tables)
    return tables


def describe(row: AnnotationRow, index: int) -> str:
    """Names an annotation for messages."""
    return f"annotation {row.id}" if row.id is not None else f"annotations[{index}]"


def _check_unique(file: Path, what: str, keys: Iterable[Id]) -> None:
    seen: set[str] = set()
    for key in keys:
        if str(key) in seen:
            raise DataError(f"{file}: {what} {key!r} is used twice")
        seen.add(str(key))


def _check_references(file: Path, tables: CocoTables) -> None:
    images = {str(row.id) for row in tables.images}
    categories = {str(row.id) for row in tables.categories}
    for index, row in enumerate(tables.annotations):
        if str(row.image_id) not in images:
            raise DataError(f"{file}: {describe(row, index)}: there is no image {row.image_id!r}")
        if str(row.category_id) not in categories:
            raise DataError(f"{file}: {describe(row, index)}: there is no category {row.category_id!r}")
