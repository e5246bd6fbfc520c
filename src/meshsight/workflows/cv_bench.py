"""`meshsight cv-bench`: takes the CV-Bench generator's container's place, from its input tree to its output tree.

In:  config/config.json, models/NAME/model.*, backgrounds/static/*, backgrounds/environment/*
Out: train/ and val/, each with images/ID.png, dota/ID.txt (commas between its ten fields) and annotation_coco.json.
A run that was killed goes on where it stopped; a part of the output appears whole or not at all.
"""

import contextlib
import json
import logging
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from meshsight.core.errors import CallError, SpecError
from meshsight.core.files import dump_json, write_text
from meshsight.execution.termination import sigterm_raises
from meshsight.presets._cv_bench_settings import NO_POSTFX
from meshsight.presets.cv_bench import CvBenchSettings, cv_bench, num_frames, read_config
from meshsight.specs.recipe import dump_recipe
from meshsight.specs.scene import SceneSpec
from meshsight.workflows.convert import convert
from meshsight.workflows.cv_bench_reports import Platform, Reports, end_reported, progress_reported
from meshsight.workflows.format_specs import format_spec
from meshsight.workflows.generate import generate

Mode = Literal["train", "val", "all"]
STAGES = ("configure", "render", "merge", "postfx")
WORK = ".meshsight"
RECIPE = "recipe.yaml"
COCO = "annotation_coco.json"

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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """One part to be made.

    Attributes:
        name: train or val.
        spec: its recipe.
        tree, out: input and output.
        image_root: what stands before images/ID.png in the COCO file.
    """

    name: str
    spec: SceneSpec
    tree: Path
    out: Path
    image_root: str

    @property
    def folder(self) -> Path:
        """Where it appears."""
        return self.out / self.name

    @property
    def work(self) -> Path:
        """Where it is made."""
        return self.out / WORK / self.name

    @property
    def recipe(self) -> str:
        """What lies beside the images, and says what they were made of."""
        return f"# images under {self.image_root}\n{dump_recipe(self.spec)}"

    @property
    def is_done(self) -> bool:
        """Whether a run before this one has made it.

        Raises:
            CallError: what lies there was made of something else.
        """
        if not self.folder.exists():
            return False
        recipe = self.folder / RECIPE
        if not recipe.is_file() or recipe.read_text(encoding="utf-8") != self.recipe:
            raise CallError(
                f"{self.folder}: is there already, made with other settings; remove it, or name another --out"
            )
        return True


def make_cv_bench(  # noqa: PLR0913 - each stands by itself in a call
    tree: Path,
    out: Path,
    *,
    mode: Mode = "all",
    image_root: str = "./",
    stages: Collection[str] = STAGES,
    platform: Platform | None = None,
    workers: int | None = None,
    progress: bool = True,
) -> CvBenchResult:
    """Draws what a container's configuration asks for; what a run before this one has made is kept.

    Args:
        tree: the input folder.
        out: the output folder.
        mode: which parts.
        image_root: what stands before images/ID.png in the COCO file.
        stages: which of the container's. With `configure` alone nothing is drawn: the recipes are written into `out`.
            Without `postfx` the sensor's chain is left out.
        platform: told of progress, the first images and the end.
        workers: processes; None takes one for each core.
        progress: show a progress bar.

    Raises:
        CallError: a part is there already and was made with other settings, or a stage is unknown.
        SpecError: the configuration is missing or does not fit.
        AssetError: a model or picture cannot be used.
    """
    chosen = frozenset(stages)
    if unknown_stages := chosen - {*STAGES}:
        raise CallError(
            f"--target: unknown {', '.join(sorted(unknown_stages))}; expected all, or of {', '.join(STAGES)}"
        )
    reports = Reports(platform=platform, total=0)
    with sigterm_raises(), end_reported(reports):
        settings, unknown = read_config(find_config(tree))
        if unknown:
            log.warning("config.json: nothing here answers to %s", ", ".join(unknown))
        if "postfx" not in chosen:
            settings = settings.model_copy(update={"postfx": NO_POSTFX})
        jobs = [
            _Job(name=name, spec=spec, tree=tree, out=out, image_root=image_root)
            for name, spec in _recipes(settings, tree, mode)
        ]
        if chosen == {"configure"}:
            return CvBenchResult(parts=tuple(_configure(job) for job in jobs), passed_over=tuple(unknown))
        reports.total = sum(job.spec.frames for job in jobs)
        are_done = [job.is_done for job in jobs]
        made: list[CvBenchPart] = []
        for job, is_done in zip(jobs, are_done, strict=True):
            made.append(_found(job) if is_done else _make(job, reports, workers, progress=progress))
            reports.done += made[-1].num_images
    return CvBenchResult(parts=tuple(made), passed_over=tuple(unknown))


def find_config(tree: Path) -> Path:
    """Returns the configuration of an input tree.

    Raises:
        SpecError: there is none.
    """
    for path in (tree / "config" / "config.json", tree / "config.json"):
        if path.is_file():
            return path
    raise SpecError(f"{tree}: expected the container's configuration at config/config.json")


def _recipes(settings: CvBenchSettings, tree: Path, mode: Mode) -> list[tuple[str, SceneSpec]]:
    """Returns the recipes of the parts that are to have any images."""
    names: list[Literal["train", "val"]] = ["train", "val"] if mode == "all" else [mode]
    return [(name, cv_bench(settings, tree, name)) for name in names if num_frames(settings, name) > 0]


def _configure(job: _Job) -> CvBenchPart:
    path = job.out / f"{job.name}.{RECIPE}"
    write_text(path, job.recipe)
    return CvBenchPart(folder=path, num_images=0, num_objects=0)


def _found(job: _Job) -> CvBenchPart:
    """Counts what is there, and removes what a run that was killed at its very end has left."""
    log.info("%s: already complete", job.folder)
    _forget_work(job)
    coco = cast("dict[str, list[Any]]", json.loads((job.folder / COCO).read_bytes()))
    return CvBenchPart(folder=job.folder, num_images=len(coco["images"]), num_objects=len(coco["annotations"]))


def _make(job: _Job, reports: Reports, workers: int | None, *, progress: bool) -> CvBenchPart:
    """Draws one part, and lets it appear."""
    frames = job.work / "frames"
    with progress_reported(reports, job.name, frames / "images"):
        generate(job.spec, frames, root=job.tree, workers=workers, resume=True, progress=progress)
    for stale in ("coco", "dota", "whole"):
        shutil.rmtree(job.work / stale, ignore_errors=True)
    written = convert(frames, job.work / "coco", to=format_spec("coco"))
    convert(frames, job.work / "dota", to=format_spec("dota"))
    whole = job.work / "whole"
    whole.mkdir()
    (job.work / "coco" / "images").rename(whole / "images")
    coco = cast("dict[str, Any]", json.loads((job.work / "coco" / "annotations.json").read_bytes()))
    for image in coco["images"]:
        image["file_name"] = f"{job.image_root.rstrip('/')}/images/{Path(image['file_name']).name}"
    write_text(whole / COCO, dump_json(coco))
    (whole / "dota").mkdir()
    for rows in sorted((job.work / "dota" / "labelTxt").glob("*.txt")):
        write_text(whole / "dota" / rows.name, rows.read_text().replace(" ", ","))
    write_text(whole / RECIPE, job.recipe)
    whole.rename(job.folder)
    _forget_work(job)
    return CvBenchPart(
        folder=job.folder,
        num_images=sum(part.num_images for part in written.written.parts),
        num_objects=sum(part.num_objects for part in written.written.parts),
    )


def _forget_work(job: _Job) -> None:
    shutil.rmtree(job.work, ignore_errors=True)
    with contextlib.suppress(OSError):  # it is not there, or the other part's work is in it
        job.work.parent.rmdir()
