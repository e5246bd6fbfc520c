"""`meshsight inspect`: the doctor of a data set; the report card is in `inspect_card.py`."""

import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from meshsight.core.errors import DataError
from meshsight.datasets.inspection.checks.boxes import is_proper
from meshsight.datasets.inspection.findings import Case, Fault, Finding
from meshsight.datasets.inspection.image_facts import ImageFacts
from meshsight.datasets.opening import OWN
from meshsight.records.dataset import Dataset
from meshsight.records.sample import Sample
from meshsight.workflows.comparison import Comparison, compare_with_real
from meshsight.workflows.inspect_card import write_card
from meshsight.workflows.inspect_fix import Repaired, folders_of, write_repaired
from meshsight.workflows.inspect_pass import THOROUGHLY, Examination, Looking, examine
from meshsight.workflows.verify import verify

ALTERED = Fault(
    code="file_altered",
    severity="error",
    message="files are not those that were written",
    advice="generate the data set again, or fetch it from where it came",
)
MISSING_FILE = "is missing"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed(Repaired):
    """What `--fix` did.

    Attributes:
        left: what is wrong with the repaired copy.
    """

    left: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What the doctor says of a data set.

    Attributes:
        source: the file or folder.
        kind: its format.
        splits: the splits that were looked at; none for a set without.
        num_images, num_objects: seen in all splits.
        findings: errors first, then by code.
        comparison: in what it differs from real photographs, if that was asked for.
        fixed: what was repaired, if that was asked for.
        seconds: how long the pass over the data set took.
    """

    source: Path
    kind: str
    splits: tuple[str, ...]
    num_images: int
    num_objects: int
    findings: tuple[Finding, ...]
    comparison: Comparison | None
    fixed: Fixed | None
    seconds: float

    @property
    def is_good(self) -> bool:
        """Whether the data set, or the repaired one where that was asked for, has no error."""
        findings = self.findings if self.fixed is None else self.fixed.left
        return not any(finding.severity == "error" for finding in findings)


def inspect(
    source: str | Path,
    *,
    html: Path | None = None,
    against: Path | None = None,
    fix: Path | None = None,
    looking: Looking = THOROUGHLY,
) -> Inspection:
    """Looks for everything that is wrong with a data set; the data set is never touched.

    Args:
        source: a file or folder, or `PATH#SPLIT` for one split.
        html: where to write the report card, a page to look at in a browser.
        against: real photographs, labelled or not, to compare with.
        fix: a folder for a repaired copy of the same kind: what has one right repair is made.
        looking: how.

    Raises:
        DataError: there is nothing that we can read, or it cannot be repaired because its labels cannot be read.
        CallError: the format cannot be read, or there is something at `fix` already.
        StorageError: the disk is full.
    """
    started = time.monotonic()
    found = examine(source, looking)
    if found.kind == OWN and not looking.is_quick:
        found.ledger.add(_altered(found))
    seconds = time.monotonic() - started
    findings = found.ledger.findings()
    comparison = None if against is None else compare_with_real(_sound_parts(found), against)
    if html is not None:
        write_card(html, parts=_sound_parts(found), findings=findings, comparison=comparison)
    return Inspection(
        source=found.path,
        kind=found.kind,
        splits=tuple(split for split in found.parts if split),
        num_images=found.num_images,
        num_objects=found.num_objects,
        findings=findings,
        comparison=comparison,
        fixed=None if fix is None else _fix(found, fix, looking),
        seconds=seconds,
    )


def _fix(found: Examination, folder: Path, looking: Looking) -> Fixed:
    done = write_repaired(found, folder, progress=looking.progress)
    copies = (examine(copy, replace(looking, kind=done.kind)) for copy in folders_of(done))
    left = tuple(finding for copy in copies for finding in copy.ledger.findings())
    return Fixed(kind=done.kind, written=done.written, repairs=done.repairs, left=left)


def _altered(found: Examination) -> Iterator[Case]:
    """Yields the files that do not have their checksum; images that are missing were found already."""
    missing = {name for faulty in found.faulty.values() for name, facts in faulty.items() if facts.is_missing}
    for one in verify(found.path).findings:
        if one.path not in missing:
            yield Case(fault=ALTERED, detail=f"{one.path} {one.problem}")


def _sound_parts(found: Examination) -> dict[str, Dataset]:
    if not found.parts:
        first = found.ledger.findings()[0].cases[0].detail
        raise DataError(f"{found.path}: not one label can be read, so there is nothing to show: {first}")
    return {split: _sound(part, found.faulty.get(split, {})) for split, part in found.parts.items()}


def _sound(part: Dataset, faulty: Mapping[str, ImageFacts]) -> Dataset:
    """Returns what of a data set can be drawn and measured: readable images, boxes with an area, known classes."""

    def samples() -> Iterator[Sample]:
        try:
            for sample in part.samples():
                facts = faulty.get(sample.image)
                if facts is None or facts.size_hw is not None:
                    yield _drawable(sample, len(part.classes))
        except DataError as error:
            log.debug("left out: %s", error)  # a finding says so already

    return replace(part, samples=samples, num_samples=sum(1 for _ in samples()))


def _drawable(sample: Sample, num_classes: int) -> Sample:
    objects = (label for label in sample.objects if is_proper(label.box) and 0 <= label.class_id < num_classes)
    return replace(sample, objects=tuple(objects))
