"""`meshsight convert`: a data set of any format becomes one of another.

Samples stream from the reader through `reduce_sample` to the writer, and images move as they are, one at a time:
nothing is decoded, and what is held does not grow with the pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from meshsight.datasets.opening import guess_kind, parse_source
from meshsight.specs.base import VariantSpec
from meshsight.workflows.format_specs import format_spec, writer_of
from meshsight.workflows.kept_warnings import warnings_kept
from meshsight.workflows.reading import GUESSED, Reading, open_parts
from meshsight.workflows.writing import COPIED, Writing, Written, noting_scenes, refuse_within, write_dataset

READER_PREFIX = "from."


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """What `convert` did.

    Attributes:
        source: where the data set came from.
        source_kind, kind: the format that it had, and the one that it has now.
        written: what was written, and what was dropped.
        repairs: what the reader had to put right, in its own words.
    """

    source: Path
    source_kind: str
    kind: str
    written: Written
    repairs: tuple[str, ...]


def convert(
    source: str | Path, out: Path, *, to: VariantSpec, reading: Reading = GUESSED, writing: Writing = COPIED
) -> Converted:
    """Converts a data set; the new folder is whole or not there.

    Args:
        source: a folder or file, or `PATH#SPLIT`; without a split, every split is converted.
        out: the folder to make.
        to: the format to write, and its settings.
        reading: how the source is read.
        writing: how the new folder is written.

    Raises:
        CallError: the format cannot be written, or there is something at `out` already.
        DataError: the source is bad, or the format cannot hold it.
        StorageError: the disk is full; nothing is left behind.
    """
    writer = writer_of(to)
    with warnings_kept() as warnings:
        opened = open_parts(source, reading)
        refuse_within(out, opened.path)
        written = write_dataset(opened.parts, out, writer, writing)
    return Converted(
        source=opened.path,
        source_kind=opened.kind,
        kind=to.kind,
        written=noting_scenes(written, opened.num_scenes),
        repairs=tuple(warnings),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Formats:
    """The formats on both sides; `source` is None where it is to be guessed and has no settings."""

    source: VariantSpec | None
    to: VariantSpec


def read_settings(source: str | Path, *, to: str, kind: str | None = None, overrides: Sequence[str] = ()) -> Formats:
    """Returns the formats that a user names.

    Args:
        source: what is converted, whose kind is guessed where its reader has settings.
        to: the kind to write.
        kind: the kind of the source, or None.
        overrides: `field=value` for the format to write, `from.field=value` for the reader.

    Raises:
        CallError: no such kind.
        SpecError: a setting that the format does not have.
        DataError: the source's kind cannot be guessed.
    """
    own = [override for override in overrides if not override.startswith(READER_PREFIX)]
    readers = [override.removeprefix(READER_PREFIX) for override in overrides if override not in own]
    if kind is None and readers:
        kind = guess_kind(parse_source(source)[0])
    return Formats(source=None if kind is None else format_spec(kind, readers), to=format_spec(to, own))
