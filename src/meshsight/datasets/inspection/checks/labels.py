"""Ids and references: the same image, object or instance twice, and classes that do not exist."""

from collections import Counter
from collections.abc import Iterator
from typing import Literal

from meshsight.datasets.inspection.checking import Subject, Whole
from meshsight.datasets.inspection.findings import Case, Fault
from meshsight.records.sample import ObjectLabel
from meshsight.specs.base import VariantSpec

IMAGE_TWICE = Fault(
    code="duplicate_image",
    severity="error",
    message="an image is labelled twice",
    advice="join its labels; --fix OUT drops the second where both say the same",
)
INSTANCE_TWICE = Fault(
    code="duplicate_instance",
    severity="error",
    message="two objects of an image have the same instance id",
    advice="number the objects anew",
)
OBJECT_TWICE = Fault(
    code="duplicate_object",
    severity="error",
    message="an object is labelled twice, with the same class and the same box",
    advice="drop one of them; --fix OUT does so where they agree in everything",
)
UNKNOWN_CLASS = Fault(
    code="unknown_class",
    severity="error",
    message="objects have a class that the data set does not name",
    advice="name the class in the data set, or drop these objects",
)
FAULTS = (IMAGE_TWICE, INSTANCE_TWICE, OBJECT_TWICE, UNKNOWN_CLASS)


class Spec(VariantSpec):
    """Ids have no limits to set."""

    kind: Literal["labels"] = "labels"


class LabelCheck:
    """Looks at ids; holds the names of all images."""

    def __init__(self) -> None:
        self._images: set[tuple[str, str]] = set()

    def look(self, subject: Subject) -> Iterator[Case]:
        """Checks that the image is new and that its objects differ."""
        key = subject.split, subject.sample.image
        if key in self._images:
            yield subject.case(IMAGE_TWICE, "its split lists it more than once")
        self._images.add(key)
        objects = subject.sample.objects
        num_classes = len(subject.dataset.classes)
        for index, label in enumerate(objects):
            if not 0 <= label.class_id < num_classes:
                yield subject.case(UNKNOWN_CLASS, f"class id {label.class_id}, there are {num_classes} classes", index)
        ids = Counter(label.instance_id for label in objects if label.instance_id is not None)
        for instance_id, count in ids.items():
            if count > 1:
                yield subject.case(INSTANCE_TWICE, f"{count} objects are instance {instance_id}")
        yield from _repeated(subject)

    def conclude(self, whole: Whole) -> Iterator[Case]:
        """Has nothing to add."""
        yield from ()


def build(spec: Spec) -> LabelCheck:
    """Returns the check."""
    return LabelCheck()


def place_of(label: ObjectLabel) -> tuple[object, ...]:
    """Returns what two labels of one object have in common."""
    return label.class_id, label.box, label.is_ignored


def _repeated(subject: Subject) -> Iterator[Case]:
    first: dict[tuple[object, ...], int] = {}
    for index, label in enumerate(subject.sample.objects):
        earlier = first.setdefault(place_of(label), index)
        if earlier != index:
            yield subject.case(OBJECT_TWICE, f"the same as object {earlier}", index)
