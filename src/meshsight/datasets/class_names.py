"""Class names that a format cannot hold, and `classes.json`, which keeps them beside the labels.

Several formats know classes only by the names in their labels: case, spaces, the order of the classes and those without
an object would be lost. `classes.json` keeps all of it; without the file, readers do what the format's own rules say.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from meshsight.core.errors import DataError
from meshsight.core.files import write_json
from meshsight.specs.base import Spec

CLASSES = "classes.json"


def unchanged(name: str) -> str:
    """Returns the name as it is."""
    return name


@dataclass(frozen=True, kw_only=True)
class NameRule:
    """What a format does to class names.

    Attributes:
        rule: in words, for messages and the format's page.
        write: a name as it stands in the format.
        reserved: written names that mean something else.
    """

    rule: str
    write: Callable[[str], str] = unchanged
    reserved: frozenset[str] = frozenset()


ANY_NAME = NameRule(rule="any text")


class NamedClass(Spec):
    """A class and its name in the labels."""

    name: str
    written: str


class ClassList(Spec):
    """The content of `classes.json`, in the order of the class ids."""

    classes: tuple[NamedClass, ...]


def written_names(classes: Sequence[str], rule: NameRule) -> tuple[str, ...]:
    """Returns the names as they stand in a format.

    Raises:
        DataError: two names become one, or a name is reserved or becomes empty.
    """
    owners: dict[str, str] = {}
    for name in classes:
        written = rule.write(name)
        if not written or written in rule.reserved:
            raise DataError(
                f"class '{name}': the format keeps the name '{written}' for itself ({rule.rule}); rename it"
            )
        if written in owners:
            raise DataError(
                f"the classes '{owners[written]}' and '{name}' would both be called '{written}' ({rule.rule}); "
                "rename or join them with `meshsight merge`"
            )
        owners[written] = name
    return tuple(owners)


def write_class_list(folder: Path, classes: Sequence[str], written: Sequence[str]) -> None:
    """Writes `classes.json`.

    Raises:
        StorageError: it cannot be written.
    """
    rows = tuple(NamedClass(name=name, written=short) for name, short in zip(classes, written, strict=True))
    write_json(folder / CLASSES, ClassList(classes=rows).model_dump(mode="json"))


def read_class_list(folder: Path) -> tuple[NamedClass, ...] | None:
    """Reads `classes.json`, or returns None where there is none.

    Raises:
        DataError: it is damaged.
    """
    path = folder / CLASSES
    try:
        return ClassList.model_validate_json(path.read_bytes()).classes
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise DataError(f"{path}: no list of classes ({' '.join(str(error).split())}); mend or remove it") from error
