"""`meshsight evaluate`: how good a detector is."""

from pathlib import Path
from typing import Any

import click

from meshsight.cli.inference import inference_options, read_inference
from meshsight.cli.options import PATH, device_option, examples
from meshsight.cli.output import Outcome
from meshsight.cli.running import verb_command, workflow
from meshsight.cli.table import table
from meshsight.core.errors import CallError

EXAMPLES = examples(
    "meshsight evaluate runs/first --data data/test",
    "meshsight evaluate artifact --data data/test --out report --json",
    "meshsight evaluate runs/first --data synthetic=data/test --data real=photos",
    "meshsight evaluate runs/first --data photos --tta --with runs/second --set fusion.kind=nmw",
)


@click.command(short_help="How good a detector is, with a page.", epilog=EXAMPLES)
@click.argument("target", metavar="RUN_OR_ARTIFACT", type=PATH)
@click.option("--data", required=True, multiple=True, metavar="[NAME=]DIR", help="Data set to measure on.")
@click.option("--out", type=PATH, metavar="DIR", help="Folder of the report.  [default: 'evaluation' in the target]")
@click.option(
    "--min-visibility",
    default=0.25,
    show_default=True,
    metavar="SHARE",
    help="Objects of which less is visible are neither right nor wrong to find.",
)
@click.option(
    "--track",
    metavar="KIND[=URI]",
    help="Of a patch network: send figures, pictures and archives to the run's tracker.",
)
@inference_options
@device_option
@verb_command
def evaluate(  # noqa: PLR0913 - one for each option
    target: Path,
    data: tuple[str, ...],
    out: Path | None,
    min_visibility: float,
    track: str | None,
    device: str,
    tta: bool,
    tile: int | None,
    members: tuple[str, ...],
    overrides: tuple[str, ...],
) -> Outcome:
    """Measures a run or an exported artifact, and writes a page with curves, slices and the worst mistakes.

    A patch network is measured on patches; its mistakes also lie beside the page as pictures and zip files.

    With several data sets, the AP50 lost from the first (synthetic) to each other one (photographs) is the gap.
    """
    folder = out or (target if target.is_dir() else target.parent) / "evaluation"
    if workflow("patch_models", "is_patch_model")(target):
        return _patches(target, data, folder, device, track)
    if track is not None:
        raise CallError("--track is for patch networks; a detector's validations are tracked while it trains")
    spec = workflow("evaluate", "EvaluationSpec")(min_visibility=min_visibility)
    inference = read_inference(tta=tta, tile=tile, members=members, overrides=overrides)
    result = workflow("evaluate", "evaluate")(
        target, data=data, out=folder, spec=spec, inference=inference, device=device
    )
    paths = {"json_path": result.json_path, "page_path": result.page_path}
    return Outcome(data=workflow("evaluate", "to_json")(result) | paths, text=_text(result))


def _patches(target: Path, data: tuple[str, ...], out: Path, device: str, track: str | None) -> Outcome:
    """Measures a patch network."""
    result = workflow("patches_evaluate", "evaluate_patches")(target, data=data, out=out, device=device)
    if track is not None:
        workflow("patches_track", "track_report")(target, result, track)
    names = ("f1", "precision", "recall", "average_precision", "centre_px", "circle_iou")
    shown = [name for name in names if any(name in report.figures for report in result.reports)]
    rows = [
        (report.name, *(_figure(report.figures[name].value) if name in report.figures else "-" for name in shown))
        for report in result.reports
    ]
    plain = workflow("patches_evaluate", "patch_reports_json")(result.reports)
    paths = {"json_path": result.json_path, "page_path": result.page_path, "files": result.files}
    return Outcome(data=plain | paths, text="\n".join([table(("data", *shown), rows), str(result.page_path)]))


def _text(result: Any) -> str:
    rows = [
        (report.name, *(_figure(value) for value in (report.headline.ap, report.headline.ap50, report.headline.ap75)))
        for report in result.reports
    ]
    gaps = [f"gap from {gap.first} to {gap.other}: {gap.gap:.3f}" for gap in result.gaps]
    return "\n".join([table(("data", "AP", "AP50", "AP75"), rows), *gaps, str(result.page_path)])


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
