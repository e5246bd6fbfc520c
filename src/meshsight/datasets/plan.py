"""What a data set folder will hold, known before its first frame is drawn."""

from pydantic import JsonValue

from meshsight.core.files import dump_json
from meshsight.specs.base import Spec


class FolderPlan(Spec):
    """The part of a manifest that does not depend on the frames; see `Manifest`."""

    software: str
    fingerprint: str
    classes: tuple[str, ...]
    spec: dict[str, JsonValue]


def why_not_the_same(old: FolderPlan, new: FolderPlan) -> str | None:
    """Says why a run that is resumed would not go on with the same data set, or None when it would."""
    if old.fingerprint != new.fingerprint:
        return first_difference(old.spec, new.spec) or "a file that the recipe names has other content"
    if old.software != new.software:
        return f"it was begun with {old.software}, this is {new.software}"
    return None


def first_difference(old: object, new: object, path: str = "") -> str | None:
    """Says where two recipes differ first, such as "count.high: was 6, is 8"; None when they are equal."""
    if isinstance(old, dict) and isinstance(new, dict):
        pairs = [(f"{path}.{key}".lstrip("."), old.get(key), new.get(key)) for key in dict.fromkeys([*old, *new])]
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        pairs = [(f"{path}[{index}]", a, b) for index, (a, b) in enumerate(zip(old, new, strict=True))]
    else:
        return None if old == new else f"{path}: was {dump_json(old)}, is {dump_json(new)}"
    return next((found for where, a, b in pairs if (found := first_difference(a, b, where))), None)
