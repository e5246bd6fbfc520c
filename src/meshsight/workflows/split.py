"""`meshsight split`: a data set in parts that share no scene and no photograph, or in K pairs for cross-validation.

One pass counts the groups; then each part streams to the writer. With folds, the images of every pair are links where
the file system has them.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from meshsight.core.errors import CallError, DataError
from meshsight.core.files import write_text
from meshsight.datasets.format import Writer
from meshsight.datasets.split import SplitRule, select_sides, sides_of_units
from meshsight.datasets.split_units import By, Unit, units_of
from meshsight.records.dataset import Dataset
from meshsight.specs.base import VariantSpec
from meshsight.workflows.format_specs import format_spec, kind_to_write, writer_of
from meshsight.workflows.new_folder import new_folder
from meshsight.workflows.reading import GUESSED, Reading, open_whole
from meshsight.workflows.writing import COPIED, Writing, Written, WrittenPart, noting_scenes, refuse_within, write_into


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitPlan:
    """What `split` is to make.

    Attributes:
        rule: how samples are dealt out; with folds, its sides are the folds.
        is_folded: write a pair of `train` and `val` for each side of the rule, which is the pair's `val`.
        to: the format to write; None keeps the source's, or takes our own folder if that cannot be written.
        is_list: write lists of image names only, as text, one name a line.
    """

    rule: SplitRule
    is_folded: bool = False
    to: VariantSpec | None = None
    is_list: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """What `split` did.

    Attributes:
        folder: where the parts are.
        kind: their format, or `list`.
        num_groups: how many groups there were to deal out.
        written: each data set that was written: one, or one for each fold.
        objects: how many objects of each class lie in each side, by class and side.
    """

    folder: Path
    kind: str
    num_groups: int
    written: tuple[Written, ...]
    objects: dict[str, dict[str, int]]


def split(
    source: str | Path, out: Path, plan: SplitPlan, *, reading: Reading = GUESSED, writing: Writing = COPIED
) -> Split:
    """Parts a data set; no group lies on two sides.

    Args:
        source: a folder or file, or `PATH#SPLIT` where it has several splits.
        out: the folder to make; a format without named splits makes a folder in it for each part.
        plan: what to make.
        reading: how the source is read.
        writing: how the new folder is written.

    Raises:
        CallError: the source has several splits already, or there is something at `out`.
        DataError: there are too few groups, or the source is bad.
        StorageError: the disk is full; nothing is left behind.
    """
    opened, dataset = open_whole(source, reading)
    refuse_within(out, opened.path)
    refuse_within(out, dataset.root)
    units = units_of(dataset.samples(), plan.rule.by)
    sides = sides_of_units(units, plan.rule)
    _require_all(plan.rule, sides, opened.path)
    pairs = _pairs(dataset, [sides[unit.name] for unit in units], plan)
    to = None if plan.is_list else plan.to or format_spec(kind_to_write(opened.kind))
    writer = None if to is None else writer_of(to)
    with new_folder(out) as folder:
        written = [_write(folder, out, name, parts, writer, writing) for name, parts in pairs.items()]
    return Split(
        folder=out,
        kind="list" if to is None else to.kind,
        num_groups=len(sides),
        written=tuple(noting_scenes(one, 0 if to is None else opened.num_scenes) for one in written),
        objects=_objects(units, sides, dataset.classes, tuple(plan.rule.fractions)),
    )


def parse_fractions(text: str) -> dict[str, float]:
    """Reads `train=0.8,val=0.2`.

    Raises:
        CallError: it says something else.
    """
    fractions: dict[str, float] = {}
    for item in text.split(","):
        name, _, share = (word.strip() for word in item.partition("="))
        try:
            fractions[name] = float(share)
        except ValueError as error:
            raise CallError(f"--into {text}: expected NAME=SHARE,..., as in train=0.8,val=0.2") from error
        if not name or name.startswith(".") or set(name) & set("/\\#"):
            raise CallError(f"--into {text}: '{name}' cannot be the name of a split")
    return fractions


def make_rule(into: str | None, folds: int | None, *, by: By, is_stratified: bool, seed: int) -> SplitRule:
    """Returns the rule of a split into named parts or into folds.

    Raises:
        CallError: neither or both are asked for, or the shares are impossible.
    """
    if (into is None) == (folds is None):
        raise CallError("give either --into NAME=SHARE,... or --folds K")
    if folds is not None and folds < 2:
        raise CallError(f"--folds {folds}: expected 2 or more")
    fractions = parse_fractions(into) if into else {f"fold_{i}": 1 / (folds or 1) for i in range(folds or 1)}
    return SplitRule(fractions=fractions, seed=seed, by=by, is_stratified=is_stratified)


def _require_all(rule: SplitRule, sides: Mapping[str, str], source: Path) -> None:
    empty = [name for name in rule.fractions if name not in sides.values()]
    if empty:
        remedy = "ask for fewer or larger parts" if rule.is_stratified else "take --stratify, or another --seed"
        raise DataError(f"{source}: none of the {len(sides)} groups falls to '{empty[0]}'; {remedy}")


def _pairs(dataset: Dataset, sides: Sequence[str], plan: SplitPlan) -> dict[str, dict[str, Dataset]]:
    """Returns what to write: the parts by split, by the folder that they go into."""
    names = tuple(plan.rule.fractions)

    def part(wanted: set[str], name: str) -> Dataset:
        return select_sides(dataset, sides, wanted, f"{name}@{plan.rule.seed}", name)

    if not plan.is_folded:
        return {"": {name: part({name}, name) for name in names}}
    return {
        name: {"train": part(set(names) - {name}, f"{name}/train"), "val": part({name}, f"{name}/val")}
        for name in names
    }


def _write(
    folder: Path, out: Path, name: str, parts: Mapping[str, Dataset], writer: Writer | None, writing: Writing
) -> Written:
    if writer is not None:
        return write_into(folder / name, parts, writer, writing, out / name)
    return _write_lists(folder / name, parts, out / name)


def _write_lists(folder: Path, parts: Mapping[str, Dataset], out: Path) -> Written:
    rows: list[WrittenPart] = []
    for name, dataset in parts.items():
        samples = list(dataset.samples())
        write_text(folder / f"{name}.txt", "".join(f"{sample.image}\n" for sample in samples))
        num_objects = sum(len(sample.objects) for sample in samples)
        rows.append(WrittenPart(split=name, num_images=len(samples), num_objects=num_objects))
    return Written(folder=out, parts=tuple(rows), dropped={}, left_out={}, notes={})


def _objects(
    units: Sequence[Unit], sides: Mapping[str, str], classes: Sequence[str], names: Sequence[str]
) -> dict[str, dict[str, int]]:
    counts = {name: Counter[int]() for name in names}
    for unit in {unit.name: unit for unit in units}.values():
        counts[sides[unit.name]] += unit.num_objects
    return {label: {name: counts[name][class_id] for name in names} for class_id, label in enumerate(classes)}
