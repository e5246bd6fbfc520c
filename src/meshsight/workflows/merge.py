"""`meshsight merge`: several data sets, of any formats, become one.

The sources lie in many places, and a data set has one root: while the merged set is written, a folder of links beside
it stands for that root.
"""

import contextlib
import logging
import tempfile
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import yaml

from meshsight.core.errors import CallError, SpecError, StorageError
from meshsight.datasets.fetching.cache import PREFIX
from meshsight.datasets.format import WHOLE
from meshsight.datasets.merging import ClassMap, merge_datasets, merged_classes, with_mapped_classes
from meshsight.datasets.opening import OWN
from meshsight.records.dataset import Dataset
from meshsight.specs.base import VariantSpec, parse_spec
from meshsight.workflows.format_specs import format_spec, writer_of
from meshsight.workflows.kept_warnings import warnings_kept
from meshsight.workflows.reading import OpenedParts, open_parts, union
from meshsight.workflows.sources import named
from meshsight.workflows.writing import COPIED, Writing, Written, noting_scenes, refuse_within, write_dataset

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedSource:
    """One of the data sets that were merged; `classes` says what became of each of its classes, None if dropped."""

    name: str
    path: Path
    kind: str
    num_images: int
    classes: dict[str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What `merge` did.

    Attributes:
        kind: the format that was written.
        classes: names by class id.
        sources: what was merged.
        written: what was written, and what was dropped.
        repairs: what the readers had to put right, in their own words.
    """

    kind: str
    classes: tuple[str, ...]
    sources: tuple[MergedSource, ...]
    written: Written
    repairs: tuple[str, ...]


def merge(
    sources: Sequence[str | Path],
    out: Path,
    *,
    class_map: ClassMap | None = None,
    to: VariantSpec | None = None,
    writing: Writing = COPIED,
) -> Merged:
    """Merges data sets; the new folder is whole or not there.

    Args:
        sources: each a path, `PATH#SPLIT` or `NAME=PATH`; they have all the same splits by name, or none.
        out: the folder to make.
        class_map: what becomes of classes; those that it does not name stay as they are.
        to: the format to write; None takes our own folder, which keeps everything.
        writing: how the new folder is written.

    Raises:
        CallError: two sources have one name, the map names a class that there is not, only some sources have splits, or
            there is something at `out` already.
        DataError: a source is bad, or the format cannot hold the merged set.
        StorageError: the disk is full; nothing is left behind.
    """
    class_map = class_map or ClassMap()
    to = to or format_spec(OWN)
    writer = writer_of(to)
    with warnings_kept() as warnings:
        opened = _open_all(sources)
        for source in opened.values():
            refuse_within(out, source.path)
        classes = merged_classes({name: _classes(source) for name, source in opened.items()}, class_map)
        _warn_of_case(classes)
        with _links(opened) as root:
            written = write_dataset(_merged_parts(opened, class_map, classes, root), out, writer, writing)
    return Merged(
        kind=to.kind,
        classes=classes,
        sources=tuple(_describe(name, source, class_map) for name, source in opened.items()),
        written=noting_scenes(written, sum(source.num_scenes for source in opened.values())),
        repairs=tuple(warnings),
    )


def read_class_map(items: Sequence[str], drop: Sequence[str] = ()) -> ClassMap:
    """Reads what a user says of classes.

    Args:
        items: `OLD=NEW`, or a YAML file with `rename: {OLD: NEW}` and `drop: [OLD]`.
        drop: classes to leave out.

    Raises:
        SpecError: a file is missing, is no YAML, or holds something else.
    """
    rename: dict[str, str] = {}
    dropped = list(drop)
    for item in items:
        old, separator, new = item.partition("=")
        if separator and not Path(item).exists():
            rename[old.strip()] = new.strip()
            continue
        content = _read_map(Path(item))
        rename |= content.rename
        dropped += content.drop
    return parse_spec(ClassMap, {"rename": rename, "drop": tuple(dropped)}, "--map")


def _read_map(path: Path) -> ClassMap:
    try:
        return parse_spec(ClassMap, yaml.safe_load(path.read_text(encoding="utf-8")), str(path))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise SpecError(f"--map {path}: expected OLD=NEW or a YAML file with `rename` and `drop` ({reason})") from error


def _open_all(sources: Sequence[str | Path]) -> dict[str, OpenedParts]:
    opened: dict[str, OpenedParts] = {}
    for source in sources:
        name, path = _name_of(source)
        if name.casefold() in (other.casefold() for other in opened):
            raise CallError(f"two sources are called '{name}'; name them, as in first={path}")
        opened[name] = open_parts(path)
    _require_alike(opened)
    return opened


def _require_alike(opened: Mapping[str, OpenedParts]) -> None:
    """Refuses a mixture of sources with and without splits: where the latter's images belong is the user's choice."""
    without = next((name for name, source in opened.items() if WHOLE in source.parts), None)
    parted = next(((name, source) for name, source in opened.items() if WHOLE not in source.parts), None)
    if without is not None and parted is not None:
        name, source = parted
        splits = list(source.parts)
        raise CallError(
            f"'{name}' has the splits {', '.join(splits)} and '{without}' has none; "
            f"name one, as in {source.path}#{splits[0]}, or part '{without}' with `meshsight split` first"
        )


def _name_of(source: str | Path) -> tuple[str, str]:
    name, path = named(str(source))
    if name is None or Path(source).exists():
        path = str(source)
        name = Path(path.removeprefix(PREFIX)).resolve().name.replace("#", "-").removesuffix(".json")
    if not name or name.startswith(".") or set(name) & set('/\\:*?"<>|'):
        raise CallError(f"'{name}' cannot be the name of a source; give it one, as in photos={path}")
    return name, path


def _classes(source: OpenedParts) -> tuple[str, ...]:
    return union(dataset.classes for dataset in source.parts.values())


def _merged_parts(
    opened: Mapping[str, OpenedParts], class_map: ClassMap, classes: tuple[str, ...], root: Path
) -> dict[str, Dataset]:
    splits = dict.fromkeys(split for source in opened.values() for split in source.parts)
    return {
        split: merge_datasets(
            {
                name: with_mapped_classes(source.parts[split], name, class_map, classes)
                for name, source in opened.items()
                if split in source.parts
            },
            root / (split or "whole"),
        )
        for split in splits
    }


@contextlib.contextmanager
def _links(opened: Mapping[str, OpenedParts]) -> Generator[Path]:
    """Gives a folder with a folder for each split, in which each source's images lie under the source's name."""
    with tempfile.TemporaryDirectory(prefix="meshsight-merge-") as folder:
        for name, source in opened.items():
            for split, dataset in source.parts.items():
                link = Path(folder) / (split or "whole") / name
                try:
                    link.parent.mkdir(exist_ok=True)
                    link.symlink_to(dataset.root.resolve(), target_is_directory=True)
                except OSError as error:
                    raise StorageError(f"{link}: merging needs links, which cannot be made here: {error}") from error
        yield Path(folder)


def _warn_of_case(classes: Sequence[str]) -> None:
    for one, other in combinations(classes, 2):
        if one.casefold() == other.casefold():
            log.warning("the classes '%s' and '%s' differ only by case; --map %s=%s joins them", one, other, other, one)


def _describe(name: str, source: OpenedParts, class_map: ClassMap) -> MergedSource:
    return MergedSource(
        name=name,
        path=source.path,
        kind=source.kind,
        num_images=sum(dataset.num_samples for dataset in source.parts.values()),
        classes={old: class_map.new_name(name, old) for old in _classes(source)},
    )
