"""`inspect --fix`: a repaired copy of a data set, in its own format; the source is never touched."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from meshsight.core.errors import DataError
from meshsight.datasets.classes import with_classes
from meshsight.datasets.inspection.checks.labels import UNKNOWN_CLASS
from meshsight.datasets.inspection.fixing import repair_dataset
from meshsight.workflows.format_specs import format_spec, kind_to_write, writer_of
from meshsight.workflows.inspect_pass import LABELS_UNREADABLE, Examination
from meshsight.workflows.new_folder import require_free
from meshsight.workflows.reading import count_scenes, union
from meshsight.workflows.writing import Writing, Written, noting_scenes, refuse_within, write_dataset

UNFIXABLE = (LABELS_UNREADABLE, UNKNOWN_CLASS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """A repaired copy.

    Attributes:
        kind: its format: that of the source, or our own folder where that cannot be written.
        written: what was written, and what the format could not hold of it.
        repairs: how often each repair was made, in words.
    """

    kind: str
    written: Written
    repairs: Mapping[str, int]


def write_repaired(found: Examination, out: Path, *, progress: bool) -> Repaired:
    """Writes a data set with everything mended that has one right repair.

    Args:
        found: what the doctor saw of it.
        out: the folder to make.
        progress: show a progress bar when stderr is a terminal and information is logged.

    Raises:
        CallError: there is something at `out` already.
        DataError: the labels cannot be read, or objects have classes without a name.
        StorageError: the disk is full; nothing is left behind.
    """
    kind = kind_to_write(found.kind)
    writer = writer_of(format_spec(kind))
    require_free(out)
    refuse_within(out, found.path)
    _refuse_unfixable(found)
    classes = union(part.classes for part in found.parts.values())
    mended = {split: repair_dataset(part, found.faulty.get(split, {})) for split, part in found.parts.items()}
    parts = {split: with_classes(part, classes) for split, (part, _) in mended.items()}
    written = write_dataset(parts, out, writer, Writing(progress=progress))
    written = noting_scenes(written, count_scenes(found.path, found.kind))
    counts = sum((repairs.counts for _, repairs in mended.values()), Counter())
    return Repaired(kind=kind, written=written, repairs={str(repair): count for repair, count in counts.most_common()})


def folders_of(done: Repaired) -> tuple[Path, ...]:
    """Returns the data sets that the copy consists of: itself, or one for each split where the format has none."""
    folder, names = done.written.folder, [part.split for part in done.written.parts]
    if writer_of(format_spec(done.kind)).capacity.keeps_splits:
        return (folder,)
    return tuple(folder if name is None else folder / name for name in names)


def _refuse_unfixable(found: Examination) -> None:
    codes = {fault.code for fault in UNFIXABLE}
    blocking = [finding for finding in found.ledger.findings() if finding.code in codes]
    if blocking:
        first = blocking[0]
        raise DataError(
            f"{found.path}: cannot be repaired by itself: {first.message} ({first.count}; {first.cases[0].detail}). "
            f"To do: {first.advice}."
        )
