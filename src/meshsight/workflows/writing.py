"""A data set becomes a folder of any format: reduced to what the format can say, counted, and whole or not there."""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

from tqdm import tqdm

from meshsight.core.errors import CallError
from meshsight.datasets.capacity import Losses, Part, reduce_dataset
from meshsight.datasets.format import WHOLE, Writer
from meshsight.datasets.target import ImageMode, Target
from meshsight.records.dataset import Dataset
from meshsight.records.sample import Sample
from meshsight.workflows.new_folder import new_folder

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """How a data set is written.

    Attributes:
        images: how images get into the new folder; see `Target`.
        progress: show a progress bar when stderr is a terminal and information is logged.
    """

    images: ImageMode = "copy"
    progress: bool = True


COPIED = Writing()


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenPart:
    """One split that was written; `split` is None where there are no named splits."""

    split: str | None
    num_images: int
    num_objects: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A data set that was written.

    Attributes:
        folder: where it is.
        parts: what is in it.
        dropped: what the format cannot say, by the name of the part: of how many objects or images.
        left_out: objects that lack what the format needs, by the name of what they lack.
        notes: what else had to be done, with counts.
    """

    folder: Path
    parts: tuple[WrittenPart, ...]
    dropped: dict[str, int]
    left_out: dict[str, int]
    notes: dict[str, int]


class _Tally:
    """Counts what the last pass over a data set gave."""

    def __init__(self) -> None:
        self.num_images = 0
        self.num_objects = 0

    def counted(self, dataset: Dataset, bar: "tqdm[NoReturn]") -> Dataset:
        """Returns the data set, counted as it streams; every pass moves the bar."""

        def samples() -> Iterator[Sample]:
            self.num_images = self.num_objects = 0
            bar.total = max(bar.total, bar.n + dataset.num_samples)
            for sample in dataset.samples():
                self.num_images += 1
                self.num_objects += len(sample.objects)
                yield sample
                bar.update()

        return replace(dataset, samples=samples)


def write_dataset(parts: Mapping[str, Dataset], out: Path, writer: Writer, writing: Writing = COPIED) -> Written:
    """Writes a data set as a new folder.

    Args:
        parts: its splits by name, or all of it as WHOLE; all have the same classes.
        out: the folder to make; a format that has no named splits makes a folder in it for each.
        writer: the format.
        writing: how.

    Raises:
        CallError: there is something at `out` already, or it lies within the data set.
        DataError: an image is missing, or the format cannot hold the data set.
        StorageError: the disk is full; nothing is left behind.
    """
    for dataset in parts.values():
        refuse_within(out, dataset.root)
    with new_folder(out) as folder:
        return write_into(folder, parts, writer, writing, out)


def refuse_within(out: Path, source: Path) -> None:
    """Refuses to write into a folder that is being read.

    Raises:
        CallError: `out` lies within `source`.
    """
    if source.is_dir() and out.resolve().is_relative_to(source.resolve()):
        raise CallError(f"{out}: lies within the data set {source}. Name a folder outside it.")


def noting_scenes(written: Written, num_scenes: int) -> Written:
    """Adds to the notes that scenes stay behind, if there are any: no format but our own `generate` keeps them."""
    if num_scenes == 0:
        return written
    return replace(written, notes={**written.notes, "scenes (how the images were made) left behind": num_scenes})


def write_into(folder: Path, parts: Mapping[str, Dataset], writer: Writer, writing: Writing, out: Path) -> Written:
    """Writes a data set into a folder that is being made; see `write_dataset`.

    Args:
        folder: where the files go now.
        parts: its splits by name, or all of it as WHOLE.
        writer: the format.
        writing: how.
        out: where the folder will be.
    """
    tallies = {name: _Tally() for name in parts}
    losses: list[Losses] = []
    with _bar(out.name, parts, writing) as bar:
        counted: dict[str, Dataset] = {}
        for name, dataset in parts.items():
            reduced, lost = reduce_dataset(dataset, writer.capacity)
            losses.append(lost)
            counted[name] = tallies[name].counted(reduced, bar)
        notes = _write(writer, counted, folder, writing)
    return Written(
        folder=out,
        parts=tuple(
            WrittenPart(split=name or None, num_images=tally.num_images, num_objects=tally.num_objects)
            for name, tally in tallies.items()
        ),
        dropped=_sum(lost.parts for lost in losses),
        left_out=_sum(lost.lacking for lost in losses),
        notes=dict(notes),
    )


def _write(writer: Writer, parts: Mapping[str, Dataset], folder: Path, writing: Writing) -> Counter[str]:
    if writer.capacity.keeps_splits or list(parts) == [WHOLE]:
        target = Target(folder, writing.images)
        writer.write(parts, target)
        return target.notes
    notes: Counter[str] = Counter()
    for name, dataset in parts.items():
        target = Target(folder / name, writing.images)
        writer.write({WHOLE: dataset}, target)
        notes += target.notes
    return notes


def _bar(name: str, parts: Mapping[str, Dataset], writing: Writing) -> "tqdm[NoReturn]":
    return tqdm(
        total=sum(dataset.num_samples for dataset in parts.values()),
        desc=name,
        unit="image",
        disable=None if writing.progress and log.isEnabledFor(logging.INFO) else True,  # None: only on a terminal
        dynamic_ncols=True,
    )


def _sum(counts: Iterable[Counter[Part]]) -> dict[str, int]:
    return {str(part): count for part, count in sum(counts, Counter[Part]()).items()}
