"""`meshsight cv-bench`: takes the CV-Bench generator's container's place, from its input tree to its output tree.

In:  config/config.json, models/NAME/model.*, backgrounds/static/*, backgrounds/environment/*
Out: train/ and val/, each with images/ID.png, dota/ID.txt (commas between its ten fields) and annotation_coco.json.
A run that was killed goes on where it stopped; a part of the output appears whole or not at all.
"""

import json
import logging
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from meshsight.core.errors import CallError, SpecError
from meshsight.core.files import dump_json, write_text
from meshsight.presets.cv_bench import CvBenchSettings, cv_bench, read_config
from meshsight.specs.recipe import dump_recipe
from meshsight.specs.scene import SceneSpec
from meshsight.workflows.convert import convert
from meshsight.workflows.format_specs import format_spec
from meshsight.workflows.generate import generate

Mode = Literal["train", "val", "all"]
WORK = ".meshsight"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class CvBenchPart:
    """One part of the output."""

    folder: Path
    num_images: int
    num_objects: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CvBenchResult:
    """What was made; `passed_over` are keys of the configuration that nothing answers to."""

    parts: tuple[CvBenchPart, ...]
    passed_over: tuple[str, ...]


def make_cv_bench(
    tree: Path,
    out: Path,
    *,
    mode: Mode = "all",
    image_root: str = ".",
    workers: int | None = None,
    progress: bool = True,
) -> CvBenchResult:
    """Draws what a container's configuration asks for.

    Args:
        tree: the input folder.
        out: the output folder.
        mode: which parts.
        image_root: what stands before images/ID.png in the COCO file.
        workers: processes; None takes one for each core.
        progress: show a progress bar.

    Raises:
        CallError: a part is there already, or the configuration is missing.
        SpecError: the configuration does not fit.
        AssetError: a model or picture cannot be used.
    """
    settings, unknown = read_config(find_config(tree))
    if unknown:
        log.warning("config.json: nothing here answers to %s", ", ".join(unknown))
    parts = [
        _make_part(name, settings, (tree, out), image_root, workers, progress) for name in _names(settings, mode, out)
    ]
    return CvBenchResult(parts=tuple(parts), passed_over=tuple(unknown))


def find_config(tree: Path) -> Path:
    """Returns the configuration of an input tree.

    Raises:
        SpecError: there is none.
    """
    for path in (tree / "config" / "config.json", tree / "config.json"):
        if path.is_file():
            return path
    raise SpecError(f"{tree}: expected the container's configuration at config/config.json")


def _names(settings: CvBenchSettings, mode: Mode, out: Path) -> list[str]:
    names = ["train", "val"] if mode == "all" else [mode]
    wanted = [name for name in names if _frames(settings, name) > 0]
    for name in wanted:
        if (out / name).exists():
            raise CallError(f"{out / name}: is there already; remove it, or name another --out")
    return wanted


def _frames(settings: CvBenchSettings, name: str) -> int:
    given = settings.output
    if name == "val":
        return given.size_val
    return given.size_train if given.images is None else given.images


def part_recipe(settings: CvBenchSettings, tree: Path, name: str) -> SceneSpec:
    """Returns the recipe of train or val; they differ in number and seed."""
    return cv_bench(settings, tree).evolve(frames=_frames(settings, name), seed=int(name == "val"))


def _make_part(
    name: str,
    settings: CvBenchSettings,
    folders: tuple[Path, Path],
    image_root: str,
    workers: int | None,
    progress: bool,
) -> CvBenchPart:
    tree, out = folders
    work = out / WORK / name
    spec = part_recipe(settings, tree, name)
    generate(spec, work / "frames", root=tree, workers=workers, resume=True, progress=progress)
    for stale in ("coco", "dota", "whole"):
        shutil.rmtree(work / stale, ignore_errors=True)
    written = convert(work / "frames", work / "coco", to=format_spec("coco"))
    convert(work / "frames", work / "dota", to=format_spec("dota"))
    whole = work / "whole"
    whole.mkdir()
    (work / "coco" / "images").rename(whole / "images")
    coco = cast("dict[str, Any]", json.loads((work / "coco" / "annotations.json").read_bytes()))
    for image in coco["images"]:
        image["file_name"] = f"{image_root.rstrip('/')}/images/{Path(image['file_name']).name}"
    write_text(whole / "annotation_coco.json", dump_json(coco))
    (whole / "dota").mkdir()
    for rows in sorted((work / "dota" / "labelTxt").glob("*.txt")):
        write_text(whole / "dota" / rows.name, rows.read_text().replace(" ", ","))
    write_text(whole / "recipe.yaml", dump_recipe(spec))
    whole.rename(out / name)
    shutil.rmtree(work)
    if not any((out / WORK).iterdir()):
        (out / WORK).rmdir()
    return CvBenchPart(
        folder=out / name,
        num_images=sum(part.num_images for part in written.written.parts),
        num_objects=sum(part.num_objects for part in written.written.parts),
    )
