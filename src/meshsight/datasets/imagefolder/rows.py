"""One line of a `metadata.jsonl`, and the card that tells the Hugging Face hub the names of its classes.

    {"file_name": "a.jpg", "width": 640, "height": 480, "objects": {"bbox": [[x, y, w, h]], "categories": [0]}}

Boxes are COCO's: left, top, width and height in pixels. Categories are class ids or names.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import cast

import yaml
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError, model_validator

from meshsight.core.errors import DataError
from meshsight.core.files import dump_json
from meshsight.records.sample import Sample

CARD = "README.md"
_FENCE = "---\n"


class Things(BaseModel):
    """The boxes of an image and, in the same order, their categories; other columns are not read."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    bbox: tuple[tuple[float, float, float, float], ...]
    categories: tuple[int | str, ...] = Field(
        validation_alias=AliasChoices("categories", "category", "label", "labels")
    )

    @model_validator(mode="after")
    def _has_pairs(self) -> "Things":
        if len(self.bbox) != len(self.categories):
            raise ValueError(f"{len(self.bbox)} boxes, but {len(self.categories)} categories")
        return self


class ImageLine(BaseModel):
    """An image and what is in it."""

    model_config = ConfigDict(frozen=True)

    file_name: str
    width: int | None = None
    height: int | None = None
    objects: Things

    @property
    def size_hw(self) -> tuple[int, int] | None:
        """The size, where it is given."""
        return (self.height, self.width) if self.height and self.width else None


def read_line(line: str, where: str) -> ImageLine:
    """Reads a line.

    Raises:
        DataError: it is no JSON, a field is missing or of another type, or the image lies elsewhere.
    """
    try:
        row = ImageLine.model_validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise DataError(
            f"{where}: {field + ': ' if field else ''}{first['msg'].removeprefix('Value error, ')}"
        ) from error
    name = PurePosixPath(row.file_name)
    if name.is_absolute() or ".." in name.parts:
        raise DataError(f"{where}: the image name '{name}' leads out of the data set's folder")
    return row


def write_line(sample: Sample, file_name: str) -> str:
    """Returns the line of a sample; whole numbers stay floats, so that columns have one type in every file."""
    height, width = sample.size_hw
    boxes = [[x1, y1, x2 - x1, y2 - y1] for x1, y1, x2, y2 in (label.box for label in sample.objects)]
    objects = {"bbox": boxes, "categories": [label.class_id for label in sample.objects]}
    return dump_json({"file_name": file_name, "width": width, "height": height, "objects": objects}) + "\n"


def card_text(classes: Sequence[str]) -> str:
    """Returns a data set card whose head names the columns and classes."""
    names = {str(class_id): name for class_id, name in enumerate(classes)}
    objects = [
        {"name": "bbox", "list": {"list": "float64"}},
        {"name": "categories", "list": {"class_label": {"names": names}}},
    ]
    features = [
        {"name": "image", "dtype": "image"},
        {"name": "width", "dtype": "int64"},
        {"name": "height", "dtype": "int64"},
        {"name": "objects", "struct": objects},
    ]
    head = {"task_categories": ["object-detection"], "dataset_info": {"features": features}}
    return _FENCE + yaml.safe_dump(head, allow_unicode=True, sort_keys=False) + _FENCE


def read_card(folder: Path) -> tuple[str, ...] | None:
    """Returns the class names in the head of a data set card, or None where none are given."""
    try:
        text = (folder / CARD).read_text(encoding="utf-8-sig")
        parts = text.split(_FENCE)
        head = yaml.load(parts[1], Loader=yaml.BaseLoader) if text.startswith(_FENCE) and len(parts) > 2 else None
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return None  # a card is for people; what is wrong with it is no fault of the labels
    label = next(_class_labels(head), None)
    names = cast("dict[str, object]", label).get("names") if isinstance(label, dict) else None
    if isinstance(names, dict):
        by_id = cast("dict[str, str]", names)
        return tuple(by_id[key] for key in sorted(by_id, key=int))
    return tuple(cast("list[str]", names)) if isinstance(names, list) else None


def _class_labels(node: object) -> Iterator[object]:
    """Yields each `class_label` in a card's head, however deep."""
    if isinstance(node, dict):
        mapping = cast("dict[str, object]", node)
        if "class_label" in mapping:
            yield mapping["class_label"]
        for value in mapping.values():
            yield from _class_labels(value)
    elif isinstance(node, list):
        for value in cast("list[object]", node):
            yield from _class_labels(value)
