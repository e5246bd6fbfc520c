"""The doctor's one pass over a data set: labels as lenient as they can be read, images decoded by a few threads."""

import logging
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from tqdm import tqdm

from meshsight.core.errors import DataError
from meshsight.datasets.foreign import lenient
from meshsight.datasets.format import FORMAT_KINDS, WHOLE, Reader
from meshsight.datasets.inspection.checking import Subject, Whole, default_checks, label_file_cases
from meshsight.datasets.inspection.findings import Case, Fault, Ledger
from meshsight.datasets.inspection.image_facts import ImageFacts, read_image_facts
from meshsight.datasets.opening import guess_kind, parse_source, reader_of
from meshsight.execution.capacity import default_workers
from meshsight.records.dataset import Dataset
from meshsight.records.sample import Sample

LABELS_UNREADABLE = Fault(
    code="labels_unreadable",
    severity="error",
    message="labels cannot be read; what comes after them was not inspected",
    advice="mend the labels and inspect again",
)
NO_IMAGES = Fault(
    code="no_images",
    severity="error",
    message="splits have no image",
    advice="add images, or remove the split",
)
MENDED = Fault(
    code="mended_in_reading",
    severity="warning",
    message="the reader had to mend or leave out labels",
    advice="this is done each time the data set is read; `meshsight convert` writes what was understood",
)
LOOK_AHEAD = 64
THREAD_BYTES = 200 << 20

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Looking:
    """How a data set is looked at.

    Attributes:
        kind: its format; None guesses.
        is_quick: do not decode images, only read their headers.
        progress: show a progress bar when stderr is a terminal and information is logged.
    """

    kind: str | None = None
    is_quick: bool = False
    progress: bool = True


THOROUGHLY = Looking()


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What one pass over a data set gave.

    Attributes:
        path: the file or folder.
        kind: its format.
        parts: its splits by name, read with lenient settings; those that cannot be opened are not among them.
        ledger: every case.
        faulty: images that are missing, unreadable or of another size than labelled, by split and name.
        num_images, num_objects: seen.
        is_complete: everything could be read.
    """

    path: Path
    kind: str
    parts: Mapping[str, Dataset]
    ledger: Ledger
    faulty: Mapping[str, Mapping[str, ImageFacts]]
    num_images: int
    num_objects: int
    is_complete: bool


@dataclass(slots=True)
class _Notes:
    """What the pass has gathered so far."""

    ledger: Ledger = field(default_factory=Ledger)
    faulty: dict[str, dict[str, ImageFacts]] = field(default_factory=dict[str, dict[str, ImageFacts]])
    num_images: int = 0
    num_objects: int = 0
    is_complete: bool = True

    def fail(self, split: str, error: DataError) -> None:
        """Notes labels that cannot be read."""
        self.ledger.add([Case(fault=LABELS_UNREADABLE, detail=str(error), split=split)])
        self.is_complete = False


def examine(source: str | Path, looking: Looking) -> Examination:
    """Looks at every sample of every split once.

    Args:
        source: a file or folder, or `PATH#SPLIT` for one split.
        looking: how.

    Raises:
        DataError: there is nothing that we can read.
        CallError: the format cannot be read.
    """
    path, split = parse_source(source)
    if not path.exists():
        raise DataError(f"{path}: no such data set")
    kind = looking.kind or guess_kind(path)
    notes = _Notes()
    with _mended(notes.ledger):
        notes.ledger.add(label_file_cases(kind, path))
        parts = _open(reader_of(lenient(FORMAT_KINDS.module(kind).Spec)), path, split, notes)
        _look(Whole(path=path, parts=parts, is_complete=split is None), looking, notes)
    return Examination(
        path=path,
        kind=kind,
        parts=parts,
        ledger=notes.ledger,
        faulty=notes.faulty,
        num_images=notes.num_images,
        num_objects=notes.num_objects,
        is_complete=notes.is_complete,
    )


def independent_splits(images: Mapping[str, frozenset[Path]]) -> tuple[str, ...]:
    """Returns the splits that are not made of other, smaller ones, as `trainval` is of `train` and `val`."""
    return tuple(
        name
        for name, own in images.items()
        if not own or frozenset[Path]().union(*(other for other in images.values() if other < own)) != own
    )


def _open(reader: Reader, path: Path, split: str | None, notes: _Notes) -> dict[str, Dataset]:
    names = (split,) if split is not None else reader.splits(path) or (None,)
    parts: dict[str, Dataset] = {}
    for name in names:
        part = WHOLE if name is None else name
        try:
            dataset = reader.open(path, name)
        except DataError as error:
            notes.fail(part, error)
        else:
            parts[part] = dataset
            if dataset.num_samples == 0:
                notes.ledger.add([Case(fault=NO_IMAGES, detail=str(dataset.root), split=part)])
    return _without_joined(parts) if notes.is_complete else parts


def _without_joined(parts: dict[str, Dataset]) -> dict[str, Dataset]:
    """Leaves out splits that are made of others; looks at names only where the sizes allow for one."""
    sizes = [part.num_samples for part in parts.values()]
    if not any(0 < size <= sum(other for other in sizes if other < size) for size in sizes):
        return parts
    try:
        images = {
            name: frozenset(part.root / sample.image for sample in part.samples()) for name, part in parts.items()
        }
    except DataError:  # the pass itself will say so
        return parts
    kept = independent_splits(images)
    for name in parts.keys() - set(kept):
        log.info("split '%s' is made of others and not inspected again", name)
    return {name: parts[name] for name in kept}


def _look(whole: Whole, looking: Looking, notes: _Notes) -> None:
    checks = default_checks()
    bar = tqdm(
        total=sum(part.num_samples for part in whole.parts.values()),
        unit="image",
        desc="inspect",
        disable=None if looking.progress and log.isEnabledFor(logging.INFO) else True,  # None: only on a terminal
        dynamic_ncols=True,
    )
    with bar, ThreadPoolExecutor(default_workers(THREAD_BYTES)) as pool:
        for split, part in whole.parts.items():
            try:
                for subject in _subjects(split, part, pool, looking.is_quick):
                    bar.update()
                    _note(subject, notes)
                    for check in checks:
                        notes.ledger.add(check.look(subject))
            except DataError as error:
                notes.fail(split, error)
    whole = replace(whole, is_complete=whole.is_complete and notes.is_complete)
    for check in checks:
        notes.ledger.add(check.conclude(whole))


def _subjects(split: str, part: Dataset, pool: ThreadPoolExecutor, is_quick: bool) -> Iterator[Subject]:
    """Yields samples in their order, while the images of those that follow are being decoded.

    Raises:
        DataError: a label cannot be read; what came before it was yielded.
    """
    waiting: deque[tuple[Sample, Future[ImageFacts]]] = deque()
    failure: DataError | None = None
    try:
        for sample in part.samples():
            waiting.append((sample, pool.submit(read_image_facts, part.root / sample.image, is_quick=is_quick)))
            if len(waiting) > LOOK_AHEAD:
                yield _subject(split, part, *waiting.popleft())
    except DataError as error:
        failure = error
    while waiting:
        yield _subject(split, part, *waiting.popleft())
    if failure is not None:
        raise failure


def _subject(split: str, part: Dataset, sample: Sample, facts: Future[ImageFacts]) -> Subject:
    return Subject(split=split, dataset=part, sample=sample, image=facts.result())


def _note(subject: Subject, notes: _Notes) -> None:
    notes.num_images += 1
    notes.num_objects += len(subject.sample.objects)
    if subject.image.size_hw != subject.sample.size_hw:
        notes.faulty.setdefault(subject.split, {})[subject.sample.image] = subject.image


@contextmanager
def _mended(ledger: Ledger) -> Iterator[None]:
    """Turns what readers warn of into cases, instead of messages."""
    readers = logging.getLogger("meshsight.datasets")
    handler = _CaseHandler(ledger)
    was_passed_on = readers.propagate
    readers.addHandler(handler)
    readers.propagate = False
    try:
        yield
    finally:
        readers.removeHandler(handler)
        readers.propagate = was_passed_on


class _CaseHandler(logging.Handler):
    def __init__(self, ledger: Ledger) -> None:
        super().__init__(logging.WARNING)
        self._ledger = ledger
        self._said: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        """Notes a warning once."""
        message = record.getMessage()
        if message not in self._said:
            self._said.add(message)
            self._ledger.add([Case(fault=MENDED, detail=message)])
