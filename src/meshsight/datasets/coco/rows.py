"""The rows of a COCO file with their types.

Other programs write ids as numbers or as text, leave sizes out, and add keys of their own; all that is read.
"""

import re
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from meshsight.core.errors import DataError

Id = int | str
_TYPE_NAME = re.compile(r"\[|^(str|RunLengthRow)$")
_Pixels = Annotated[int, Field(ge=0, lt=2**40)]

EXTRAS = "meshsight"
"""The key of what our own rows say beyond COCO."""


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class ImageRow(_Entry):
    """An image; its size is read from the file when it is not given."""

    id: Id
    file_name: str
    width: _Pixels | None = None
    height: _Pixels | None = None


class CategoryRow(_Entry):
    """A class; `keypoints` are the names of its keypoints, of which only matters here whether there are any."""

    id: Id
    name: str
    keypoints: object = None


class RunLengthRow(_Entry):
    """A mask as runs: `counts` is a list, or COCO's compressed string."""

    size: tuple[int, int]
    counts: str | list[_Pixels]


Segmentation = RunLengthRow | list[list[float]]


class AnnotationRow(_Entry):
    """A labelled object: `bbox` is x, y, width, height; `keypoints` x, y, v in a row, or in rows of three."""

    id: Id | None = None
    image_id: Id
    category_id: Id
    bbox: list[float] | None = None
    segmentation: Segmentation | None = None
    iscrowd: int | None = None
    ignore: int | None = None
    keypoints: list[float] | list[list[float]] | None = None


AnyEntry = TypeVar("AnyEntry", bound=_Entry)


def check_entry(entry_type: type[AnyEntry], value: object, where: str) -> AnyEntry:
    """Returns a row with its types checked.

    Args:
        entry_type: what it should be.
        value: the parsed row.
        where: the file and row, for messages.

    Raises:
        DataError: a field is missing or of the wrong type.
    """
    try:
        return entry_type.model_validate(value)
    except ValidationError as error:
        raise _bad_field(error, where) from error


def check_json(entry_type: type[AnyEntry], text: bytes, where: str) -> AnyEntry:
    """Parses a row and checks its types, as `check_entry` does."""
    try:
        return entry_type.model_validate_json(text)
    except ValidationError as error:
        raise _bad_field(error, where) from error


def _bad_field(error: ValidationError, where: str) -> DataError:
    """Names the field; where it may be one of several types, the fault is that of the type that fits furthest."""
    furthest = max(error.errors(include_url=False), key=lambda one: len(one["loc"]))
    parts = [part for part in furthest["loc"] if isinstance(part, int) or not _TYPE_NAME.search(part)]
    field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return DataError(f"{where}{field}: {furthest['msg']}")


def describe(annotation_id: object, index: int) -> str:
    """Names an annotation for messages."""
    return f"annotation {annotation_id}" if annotation_id is not None else f"annotations[{index}]"
