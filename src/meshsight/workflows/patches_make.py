"""`patches make`: small labelled squares, cut from any labelled data set or from scenes drawn for the purpose."""

import json
import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from meshsight.core.errors import CallError, DataError
from meshsight.core.files import write_bytes, write_json
from meshsight.core.images import encode_png, read_image
from meshsight.datasets.format import WHOLE
from meshsight.datasets.formats import patches_h5, patches_png
from meshsight.datasets.formats._patches_h5 import PatchesH5Format
from meshsight.datasets.formats._patches_h5_files import PatchTable, write_patch_file
from meshsight.datasets.patches.cutting import CutPatches, cut_patches
from meshsight.datasets.patches.origins import Origins, joined_origins
from meshsight.datasets.split import SplitRule, sides_of_units
from meshsight.datasets.split_units import Unit
from meshsight.datasets.target import Target
from meshsight.plotting.patch_sheet import PatchRow, draw_sheet
from meshsight.records.dataset import Dataset
from meshsight.records.sample import Sample
from meshsight.specs.base import parse_spec
from meshsight.specs.patch_making import PatchMakeSpec
from meshsight.workflows.generate import generate
from meshsight.workflows.new_folder import new_folder
from meshsight.workflows.recipes import read_scene_recipe
from meshsight.workflows.sources import open_source

SHEET = "sheet.png"
FACTS = "made.json"
NUM_SHOWN = 64
KINDS = ("patches_h5", "patches_png")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchesMade:
    """A set of patches.

    Attributes:
        folder: where it is.
        sheet: a picture of some of them.
        num_images: images that were looked at.
        counts: of each split, the patches of each class; "nothing" for those without.
        num_left_out: squares of which it could not be said what they show.
    """

    folder: Path
    sheet: Path
    num_images: int
    counts: dict[str, dict[str, int]]
    num_left_out: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Pile:
    """All patches of all images, in order.

    Attributes:
        cut: one array for each field.
        groups: of each patch.
        origins: of each patch.
    """

    cut: CutPatches
    groups: tuple[str, ...]
    origins: Origins


def make_patches(
    sources: Sequence[str | Path | Dataset],
    out: Path,
    spec: PatchMakeSpec | None = None,
    to: str = "patches_h5",
    progress: bool = True,
) -> PatchesMade:
    """Cuts patches into a new folder, which appears whole or not at all.

    Args:
        sources: data sets of any format: folders, `NAME=FOLDER`, or open ones; or recipes of scenes (YAML), which are
            drawn into a folder beside `out` first, and found there the next time.
        out: the folder to make.
        spec: the recipe; its defaults without one.
        to: `patches_h5` or `patches_png`.
        progress: show a progress bar when stderr is a terminal.

    Raises:
        CallError: there is something at `out`, or no such format.
        DataError: a data set or an image is bad, or has none of the recipe's classes.
        StorageError: the disk is full; nothing is left behind.
    """
    spec = spec or PatchMakeSpec()
    if to not in KINDS:
        raise CallError(f"patches are written as {' or '.join(KINDS)}, not as '{to}'; `meshsight convert` knows more")
    datasets = [_open(source, out, progress) for source in sources]
    _check_classes(datasets, spec)
    with new_folder(out) as folder:
        pile = _cut_all(datasets, spec, progress)
        rows_by_split = _split(pile, spec)
        for split, rows in rows_by_split.items():
            _write_split(folder, split, pile, rows, spec)
        counts = {split: _counts(pile, rows, spec) for split, rows in rows_by_split.items()}
        num_images = sum(dataset.num_samples for dataset in datasets)
        write_bytes(folder / SHEET, encode_png(_sheet(pile, spec)))
        write_json(
            folder / FACTS,
            {
                "recipe": spec.model_dump(mode="json"),
                "sources": [dataset.name for dataset in datasets],
                "num_images": num_images,
                "counts": counts,
                "num_left_out": pile.cut.num_left_out,
            },
        )
        if to == "patches_png":
            _as_png(folder, tuple(rows_by_split))
    log.info("%s: %s", out, json.dumps(counts))
    return PatchesMade(
        folder=out, sheet=out / SHEET, num_images=num_images, counts=counts, num_left_out=pile.cut.num_left_out
    )


def _open(source: str | Path | Dataset, out: Path, progress: bool) -> Dataset:
    if isinstance(source, Dataset) or Path(source).suffix not in (".yaml", ".yml"):
        return open_source(source)
    path = Path(source)
    scenes = out.with_name(f"{out.name}_{path.stem}")
    generate(read_scene_recipe(path), scenes, root=path.parent, resume=True, progress=progress)
    return open_source(scenes)


def _check_classes(datasets: Sequence[Dataset], spec: PatchMakeSpec) -> None:
    there = {name for dataset in datasets for name in dataset.classes}
    missing = [name for name in spec.classes if name not in there]
    if missing:
        raise DataError(
            f"no class {', '.join(missing)} in the data; there are {', '.join(sorted(there)) or 'none'}. Name those to "
            "cut with --set classes={NAME: 0.5}"
        )


def _cut_all(datasets: Sequence[Dataset], spec: PatchMakeSpec, progress: bool) -> _Pile:
    parts: list[CutPatches] = []
    groups: list[str] = []
    origins: list[Origins] = []
    is_off = None if progress and log.isEnabledFor(logging.INFO) else True
    total = sum(dataset.num_samples for dataset in datasets)
    with tqdm(total=total, desc="patches", unit="image", disable=is_off, dynamic_ncols=True) as bar:
        for position, dataset in enumerate(datasets):
            prefix = f"{position}:" if len(datasets) > 1 else ""
            for sample, cut in _cut(dataset, spec):
                count = len(cut.labels)
                parts.append(cut)
                groups += [prefix + sample.group] * count
                images, sizes = (prefix + sample.image,) * count, np.tile(np.array(sample.size_hw), (count, 1))
                origins.append(Origins(images=images, size_hw=sizes, corners=cut.corners))
                bar.update()
    joined = joined_origins(origins)
    if not groups or joined is None:
        raise DataError("no patches could be cut: the data have no images")
    cut = CutPatches(
        pixels=np.concatenate([part.pixels for part in parts]),
        labels=np.concatenate([part.labels for part in parts]),
        circles=np.concatenate([part.circles for part in parts]),
        corners=joined.corners,
        num_left_out=sum(part.num_left_out for part in parts),
    )
    return _Pile(cut=cut, groups=tuple(groups), origins=joined)


def _cut(dataset: Dataset, spec: PatchMakeSpec) -> Iterator[tuple[Sample, CutPatches]]:
    for sample in dataset.samples():
        image = read_image(dataset.root / sample.image)
        yield sample, cut_patches(image, sample, dataset.classes, spec)


def _split(pile: _Pile, spec: PatchMakeSpec) -> dict[str, np.ndarray]:
    """Returns the patches of each split; without any, all of them."""
    if spec.split is None:
        return {WHOLE: np.arange(len(pile.groups))}
    members: dict[str, list[int]] = {}
    for row, group in enumerate(pile.groups):
        members.setdefault(group, []).append(row)
    units = [
        Unit(name=group, num_images=len(rows), num_objects=Counter(pile.cut.labels[rows].tolist()))
        for group, rows in members.items()
    ]
    sides = sides_of_units(units, SplitRule(fractions=spec.split, seed=spec.seed, is_stratified=True))
    of_rows = np.array([sides[group] for group in pile.groups])
    return {name: np.flatnonzero(of_rows == name) for name in spec.split if (of_rows == name).any()}


def _class_counts(labels: np.ndarray, names: tuple[str, ...]) -> dict[str, int]:
    return {name: int((labels == number).sum()) for number, name in enumerate(names)}


def _counts(pile: _Pile, rows: np.ndarray, spec: PatchMakeSpec) -> dict[str, int]:
    return _class_counts(pile.cut.labels[rows], ("nothing", *spec.classes))


def _write_split(folder: Path, split: str, pile: _Pile, rows: np.ndarray, spec: PatchMakeSpec) -> None:
    has_circles = spec.target == "circle"
    height, width = spec.size_hw
    middle = f"{width}x{height}" + (f"_{split}" if split != WHOLE else "")
    what = "radius_center" if has_circles else "no_ball"
    table = PatchTable(
        classes=tuple(spec.classes),
        label=pile.cut.labels[rows],
        circles=pile.cut.circles[rows] if has_circles else None,
        groups=tuple(pile.groups[row] for row in rows),
        origins=pile.origins.take(rows),
    )
    write_patch_file(folder / f"patches_{middle}_ball_{what}_X_y.h5", iter(pile.cut.pixels[rows]), table)


def _as_png(folder: Path, splits: Sequence[str]) -> None:
    """Replaces the HDF5 files by PNG files, a folder for each split."""
    reader = PatchesH5Format(patches_h5.Spec())
    writer = patches_png.build(parse_spec(patches_png.Spec, {"kind": "patches_png"}, "patches_png"))
    for split in splits:
        dataset = reader.open(folder, None if split == WHOLE else split)
        parts: Mapping[str, Dataset] = {WHOLE: dataset}
        writer.write(parts, Target(folder / (split if split != WHOLE else "patches")))
    for file in folder.glob("*.h5"):
        file.unlink()


def _sheet(pile: _Pile, spec: PatchMakeSpec) -> np.ndarray:
    rows: list[PatchRow] = []
    for number, name in enumerate(("nothing", *spec.classes)):
        members = np.flatnonzero(pile.cut.labels == number)
        shown = members[np.linspace(0, len(members) - 1, min(NUM_SHOWN, len(members))).astype(int)]
        title = f"{name}: {len(members)} patches"
        circles = pile.cut.circles[shown] if number else None
        rows.append(PatchRow(title=title, pixels=pile.cut.pixels[shown], circles=circles))
    return draw_sheet(rows)
