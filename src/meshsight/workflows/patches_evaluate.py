"""`evaluate` of a patch network: a page, plain figures, and the mistakes as pictures and as a zip."""

import csv
import io
import logging
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

import meshsight
from meshsight.core.errors import CallError
from meshsight.core.files import write_bytes, write_json, write_text
from meshsight.core.images import encode_png
from meshsight.core.patch_png import encode_patch
from meshsight.datasets.patches.arrays import PatchArrays
from meshsight.evaluation.patches import PatchReport, PatchTruth, report_patches
from meshsight.plotting.page import Page, render_page
from meshsight.plotting.patch_sheet import PatchRow, draw_sheet
from meshsight.records.dataset import Dataset
from meshsight.records.patches import PatchGuesses, PatchModel
from meshsight.workflows.patch_models import open_patch_model, open_patches
from meshsight.workflows.patch_sections import Mistakes, patch_sections

MOST_SHOWN = 96
"""Mistakes of each kind in the picture; the zip has them all."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PatchesEvaluated:
    """What was measured, and where it is written.

    Attributes:
        reports: one for each data set.
        json_path, page_path: the figures, and a page for people.
        files: pictures and archives of the mistakes.
    """

    reports: tuple[PatchReport, ...]
    json_path: Path
    page_path: Path
    files: tuple[Path, ...]


def evaluate_patches(
    target: Path,
    *,
    data: Sequence[str | Path | Dataset | PatchArrays],
    out: Path,
    threshold: float | None = None,
    beta: float = 1.0,
    device: str = "auto",
) -> PatchesEvaluated:
    """Measures a patch network on sets of patches.

    Args:
        target: a run, or an exported graph.
        data: sets of patches: folders or files, `NAME=FOLDER`, or what was read from them.
        out: folder for the report.
        threshold: from which score on a patch counts as a ball; None takes the network's own.
        beta: of F-beta.
        device: auto, cpu, cuda or cuda:N.

    Raises:
        ArtifactError: there is no such network.
        DataError: a set is bad, or of other patches than the network's.
    """
    if not data:
        raise CallError("nothing to evaluate on: give at least one data set with --data")
    model = open_patch_model(target, device)
    chosen = model.signature.threshold if threshold is None else threshold
    measured = [_measure(model, source, chosen, beta) for source in data]
    sections = []
    files: list[Path] = []
    for patches, guesses, report in measured:
        mistakes = _mistakes(patches, guesses, report)
        sections += patch_sections(report, patches, guesses, mistakes, report.name if len(measured) > 1 else "")
        files += _write_mistakes(out, patches, guesses, mistakes)
        _say(report)
    result = PatchesEvaluated(
        reports=tuple(report for _, _, report in measured),
        json_path=out / "evaluation.json",
        page_path=out / "evaluation.html",
        files=tuple(files),
    )
    write_json(result.json_path, patch_reports_json(result.reports))
    page = Page(
        title=f"Evaluation of {target.name}",
        subtitle="A network for patches, measured on " + ", ".join(report.name for report in result.reports) + ".",
        sections=tuple(sections),
        footer=f"meshsight {meshsight.__version__}",
    )
    write_text(result.page_path, render_page(page))
    return result


def patch_reports_json(reports: Sequence[PatchReport]) -> dict[str, object]:
    """Returns reports as plain data, the figures of the first on top."""
    first = {name: figure.value for name, figure in reports[0].figures.items()} if reports else {}
    return {**first, "reports": [_plain(report) for report in reports]}


def _plain(report: PatchReport) -> dict[str, object]:
    return {
        "name": report.name,
        "num_patches": report.num_patches,
        "num_balls": report.num_balls,
        "threshold": report.threshold,
        "confusion": None if report.decided is None else asdict(report.decided),
        "figures": {
            name: {"value": figure.value, "low": figure.interval.low, "high": figure.interval.high}
            for name, figure in report.figures.items()
        },
    }


def _measure(
    model: PatchModel, source: str | Path | Dataset | PatchArrays, threshold: float | None, beta: float
) -> tuple[PatchArrays, PatchGuesses, PatchReport]:
    patches = open_patches(source, model.signature)
    guesses = model.look(patches.pixels, patches.places)
    height, width = patches.pixels.shape[1:3]
    truth = PatchTruth(
        balls=patches.balls > 0.5,
        circles=patches.circles.astype(np.float64) * (width, width, height),
        has_circle=patches.has_circle,
        groups=patches.groups,
        size_hw=(height, width),
    )
    found = (
        None if guesses.scores is None else guesses.scores.astype(np.float64),
        None if guesses.circles is None else guesses.circles.astype(np.float64),
    )
    return patches, guesses, report_patches(patches.name, truth, found, threshold, beta)


def _mistakes(patches: PatchArrays, guesses: PatchGuesses, report: PatchReport) -> Mistakes:
    """Returns the patches that were decided wrongly, the surest mistake first."""
    if guesses.scores is None or report.threshold is None:
        nothing = np.zeros(0, dtype=np.int64)
        return Mistakes(false_positives=nothing, false_negatives=nothing)
    balls, found = patches.balls > 0.5, guesses.scores >= report.threshold
    wrong, missed = np.flatnonzero(found & ~balls), np.flatnonzero(~found & balls)
    return Mistakes(
        false_positives=wrong[np.argsort(-guesses.scores[wrong], kind="stable")],
        false_negatives=missed[np.argsort(guesses.scores[missed], kind="stable")],
    )


def _write_mistakes(out: Path, patches: PatchArrays, guesses: PatchGuesses, mistakes: Mistakes) -> list[Path]:
    """Writes a picture of each kind of mistake, a zip with all of them as PNG files, and a table of where they were."""
    stem = "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in patches.name)
    files: list[Path] = []
    for kind, rows in mistakes.by_kind.items():
        shown = rows[:MOST_SHOWN]
        title = f"{len(rows)} {kind.replace('_', ' ')}, the surest first"
        sheet = draw_sheet([PatchRow(title=title, pixels=patches.pixels[shown], circles=patches.circles[shown])])
        files.append(out / f"{stem}_{kind}.png")
        write_bytes(files[-1], encode_png(sheet))
        files.append(out / f"{stem}_{kind}.zip")
        write_bytes(files[-1], _zipped(patches, rows))
    if guesses.scores is not None:
        files.append(out / f"{stem}_mistakes.csv")
        write_text(files[-1], _table(patches, guesses.scores, mistakes))
    return files


def _table(patches: PatchArrays, scores: np.ndarray, mistakes: Mistakes) -> str:
    """Returns a line for each mistake: its name in the zip, the score, and which part of which image it is."""
    stream = io.StringIO()
    table = csv.writer(stream, lineterminator="\n")
    table.writerow(("mistake", "file", "score", "image", "x1", "y1", "x2", "y2"))
    for kind, rows in mistakes.by_kind.items():
        for rank, row in enumerate(rows.tolist()):
            cut = ("",) * 5
            if patches.origins is not None:
                cut = (patches.origins.images[row], *patches.origins.corners[row].tolist())
            table.writerow((kind, _name_in_zip(patches, rank, row), f"{scores[row]:.4f}", *cut))
    return stream.getvalue()


def _name_in_zip(patches: PatchArrays, rank: int, row: int) -> str:
    return f"{rank:05d}_{patches.names[row].replace('/', '_').removesuffix('.png')}.png"


def _zipped(patches: PatchArrays, rows: np.ndarray) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for rank, row in enumerate(rows.tolist()):
            entry = zipfile.ZipInfo(_name_in_zip(patches, rank, row), date_time=(1980, 1, 1, 0, 0, 0))
            archive.writestr(entry, encode_patch(patches.pixels[row]))
    return stream.getvalue()


def _say(report: PatchReport) -> None:
    words = ", ".join(
        f"{name.replace('_', ' ')} {figure.value:.3f} ({figure.interval.low:.3f} to {figure.interval.high:.3f})"
        for name, figure in report.figures.items()
        if name in ("f1", "precision", "recall", "centre_px")
    )
    log.info("%s: %d patches, %d balls: %s", report.name, report.num_patches, report.num_balls, words)
