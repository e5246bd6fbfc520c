"""Classes: names that differ only by case, classes (nearly) without objects, missing from a split, out of balance."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic import Field

from meshsight.datasets.inspection.checking import Subject, Whole
from meshsight.datasets.inspection.findings import Case, Fault
from meshsight.specs.base import VariantSpec

DIFFER_BY_CASE = Fault(
    code="class_case",
    severity="error",
    message="class names differ only by case or spaces",
    advice="they are most likely one class; join them with `meshsight merge`",
)
EMPTY = Fault(
    code="class_empty",
    severity="warning",
    message="classes have no object",
    advice="add images of them, or drop the class",
)
SCARCE = Fault(
    code="class_scarce",
    severity="warning",
    message="classes have hardly any objects",
    advice="add images of them: so few can neither be learned nor measured",
)
MISSING_IN_SPLIT = Fault(
    code="class_missing_in_split",
    severity="warning",
    message="classes have objects in one split and none in another",
    advice="split anew, stratified by class",
)
LISTS_DIFFER = Fault(
    code="class_lists_differ",
    severity="warning",
    message="splits have different classes",
    advice="give all splits one list of classes in one order, or their class ids will not mean the same",
)
IMBALANCE = Fault(
    code="class_imbalance",
    severity="warning",
    message="some classes have many times the objects of others",
    advice="add images of the rare ones, or weight them in training",
)
FAULTS = (DIFFER_BY_CASE, EMPTY, SCARCE, MISSING_IN_SPLIT, LISTS_DIFFER, IMBALANCE)


class Spec(VariantSpec):
    """Limits on the objects of a class."""

    kind: Literal["classes"] = "classes"
    min_objects: int = Field(10, ge=1)
    """A class with fewer objects is scarce."""
    max_ratio: float = Field(50.0, ge=1)
    """The most frequent class may have so many times the objects of the least frequent one that is not scarce."""


class ClassCheck:
    """Counts the objects of every class in every split; regions to ignore do not count."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._counts: dict[str, Counter[int]] = defaultdict(Counter)

    def look(self, subject: Subject) -> Iterator[Case]:
        """Counts."""
        self._counts[subject.split].update(label.class_id for label in subject.sample.objects if not label.is_ignored)
        yield from ()

    def conclude(self, whole: Whole) -> Iterator[Case]:
        """Compares names and counts."""
        lists = {split: part.classes for split, part in whole.parts.items()}
        names = tuple(dict.fromkeys(name for classes in lists.values() for name in classes))
        yield from _alike(names)
        yield from _different(lists)
        if whole.is_complete:
            by_split = {split: _by_name(counts, lists[split]) for split, counts in self._counts.items()}
            total = sum(by_split.values(), Counter[str]())
            yield from self._rare({name: total[name] for name in names})
            yield from _missing(by_split, total)

    def _rare(self, counts: Mapping[str, int]) -> Iterator[Case]:
        least = self._spec.min_objects
        for name, count in counts.items():
            if count == 0:
                yield Case(fault=EMPTY, detail=f"class '{name}'")
            elif count < least:
                yield Case(fault=SCARCE, detail=f"class '{name}' has {count}, fewer than {least}")
        plenty = {name: count for name, count in counts.items() if count >= least}
        if not plenty:
            return
        most, fewest = max(plenty, key=plenty.__getitem__), min(plenty, key=plenty.__getitem__)
        ratio = plenty[most] / plenty[fewest]
        if ratio > self._spec.max_ratio:
            detail = f"'{most}' has {plenty[most]} objects, '{fewest}' {plenty[fewest]}: {ratio:.0f} times as many"
            yield Case(fault=IMBALANCE, detail=detail)


def build(spec: Spec) -> ClassCheck:
    """Returns the check."""
    return ClassCheck(spec)


def _by_name(counts: Counter[int], classes: tuple[str, ...]) -> Counter[str]:
    return Counter({name: counts[class_id] for class_id, name in enumerate(classes)})


def _alike(names: tuple[str, ...]) -> Iterator[Case]:
    first: dict[str, str] = {}
    for name in names:
        earlier = first.setdefault(" ".join(name.split()).casefold(), name)
        if earlier != name:
            yield Case(fault=DIFFER_BY_CASE, detail=f"'{earlier}' and '{name}'")


def _different(lists: Mapping[str, tuple[str, ...]]) -> Iterator[Case]:
    first = next(iter(lists), "")
    for split, classes in lists.items():
        if classes != lists[first]:
            detail = f"{len(classes)} classes that are not the {len(lists[first])} of '{first}' in their order"
            yield Case(fault=LISTS_DIFFER, detail=detail, split=split)


def _missing(by_split: Mapping[str, Counter[str]], total: Counter[str]) -> Iterator[Case]:
    for split, counts in by_split.items():
        for name, count in total.items():
            if count and not counts[name]:
                yield Case(fault=MISSING_IN_SPLIT, detail=f"class '{name}' has {count} in the others", split=split)
