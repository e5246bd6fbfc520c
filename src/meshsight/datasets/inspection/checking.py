"""What a check of the doctor is; a check is a file in `checks/`, and its file name is its `kind`.

The file holds its `Spec` (the limits, with their defaults), its `FAULTS`, and `build(spec)`, which returns a `Check`
for one data set. Checks hold what they need to remember between samples and no more. What a reader would refuse or
mend before a check could see it is looked for in the label files themselves, by `label_checks/FORMAT.py`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from meshsight.core.kinds import Kinds
from meshsight.datasets.inspection.findings import Case, Fault
from meshsight.datasets.inspection.image_facts import ImageFacts
from meshsight.records.dataset import Dataset
from meshsight.records.sample import Sample

CHECK_KINDS = Kinds("meshsight.datasets.inspection.checks", "check")
LABEL_CHECK_KINDS = Kinds("meshsight.datasets.inspection.label_checks", "label file check")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Subject:
    """One sample as a check sees it.

    Attributes:
        split: name of its split, or an empty string.
        dataset: what it belongs to.
        sample: the labels, as lenient as the reader gives them.
        image: what is true of its image file.
    """

    split: str
    dataset: Dataset
    sample: Sample
    image: ImageFacts

    @property
    def path(self) -> Path:
        """The image, which may lie in a container."""
        return self.dataset.root / self.sample.image

    def case(self, fault: Fault, detail: str, thing: int | None = None) -> Case:
        """Returns a case of this sample, or of the object of this index in it."""
        return Case(fault=fault, detail=detail, split=self.split, image=self.sample.image, object=thing)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Whole:
    """The data set when every sample has been seen.

    Attributes:
        path: the file or folder that the user named.
        parts: its splits by name, or one without a name.
        is_complete: every split was read to its end.
    """

    path: Path
    parts: Mapping[str, Dataset]
    is_complete: bool


@runtime_checkable
class Check(Protocol):
    """Looks for faults of one family."""

    def look(self, subject: Subject) -> Iterator[Case]:
        """Yields what is wrong with one sample."""
        ...

    def conclude(self, whole: Whole) -> Iterator[Case]:
        """Yields what only shows when all samples have been seen."""
        ...


@runtime_checkable
class LabelFileCheck(Protocol):
    """Looks into the label files of one format."""

    def look(self, path: Path) -> Iterator[Case]:
        """Yields what is wrong with the label files of a data set."""
        ...


def default_checks() -> tuple[Check, ...]:
    """Returns a fresh check of every kind, with its default limits."""
    return tuple(CHECK_KINDS.builder(kind)(CHECK_KINDS.module(kind).Spec()) for kind in CHECK_KINDS.names)


def known_faults() -> tuple[Fault, ...]:
    """Returns every fault that a check can find."""
    modules = (kinds.module(kind) for kinds in (CHECK_KINDS, LABEL_CHECK_KINDS) for kind in kinds.names)
    return tuple(dict.fromkeys(fault for module in modules for fault in module.FAULTS))


def label_file_cases(kind: str, path: Path) -> Iterator[Case]:
    """Yields what is wrong with the label files of a data set, where there is a check for its format."""
    if kind in LABEL_CHECK_KINDS.names:
        check: LabelFileCheck = LABEL_CHECK_KINDS.builder(kind)(LABEL_CHECK_KINDS.module(kind).Spec())
        yield from check.look(path)
