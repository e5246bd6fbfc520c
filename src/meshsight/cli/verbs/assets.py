"""`meshsight assets`: 3D models, before anything is made with them."""

from pathlib import Path
from typing import Any

import click

from meshsight.cli.options import PATH, examples
from meshsight.cli.output import Outcome
from meshsight.cli.running import verb_command, workflow

EXAMPLES = examples(
    "meshsight assets check mug.obj drill.glb",
    "meshsight assets check models --html assets.html",
    "meshsight assets check mug.obj --fix mended --max-faces 20000",
    "meshsight assets check part.stl --unit mm --up-axis z --json",
    "meshsight assets import robot.fbx --out robot.glb",
)


@click.group(short_help="Check and import 3D models.", epilog=EXAMPLES)
def assets() -> None:
    """Looks after 3D models, before anything is made with them."""


@assets.command(short_help="What is wrong with 3D models, and what mends it.", epilog=EXAMPLES)
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--html", type=PATH, metavar="REPORT", help="Write a page with pictures from all sides.")
@click.option(
    "--fix", type=PATH, metavar="OUT_DIR", help="Write copies (GLB) with everything mended that is beyond doubt."
)
@click.option("--max-faces", type=int, metavar="N", help="Budget of triangles, to which --fix reduces.")
@click.option(
    "--origin",
    type=click.Choice(("keep", "center", "base")),
    default="keep",
    show_default=True,
    help="Where --fix puts the origin: center of the box, or middle of its base.",
)
@click.option(
    "--unit",
    type=click.Choice(("auto", "m", "cm", "mm", "in")),
    default="auto",
    show_default=True,
    help="Unit of the files, where you know it.",
)
@click.option(
    "--up-axis",
    type=click.Choice(("auto", "y", "z")),
    default="auto",
    show_default=True,
    help="Up axis of the files, where you know it.",
)
@verb_command
def check(  # noqa: PLR0913 - one for each option
    files: tuple[str, ...],
    html: Path | None,
    fix: Path | None,
    max_faces: int | None,
    origin: str,
    unit: str,
    up_axis: str,
) -> Outcome:
    """Looks for everything that is wrong with 3D models (OBJ, GLB, PLY, STL, or builtin:NAME); they are never touched.

    Ends with 1 when a model has an error or cannot be read; warnings are allowed. With --fix, what counts are the
    mended copies.
    """
    request = workflow("assets_check", "Request")(unit=unit, up_axis=up_axis, max_faces=max_faces, origin=origin)
    found = workflow("assets_check", "check_assets")(files, fix=fix, request=request)
    if html is not None:
        workflow("assets_page", "write_assets_page")(html, found)
    return Outcome(data=_data(found), text=_text(found, html), exit_code=0 if found.is_good else 1)


@assets.command("import", short_help="Turn FBX, USD, Collada or .blend into GLB.", epilog=EXAMPLES)
@click.argument("file", type=PATH)
@click.option("--out", type=PATH, metavar="OUT.glb", help="Where to write it; beside the file by default.")
@verb_command
def import_(file: Path, out: Path | None) -> Outcome:
    """Turns a model (.fbx, .usd, .usda, .usdc, .usdz, .dae, .blend) into GLB: in metres, with materials, upright.

    Blender reads it in a process of its own; scripts that the file holds are not run. Recipes may name such files too.
    """
    done = workflow("assets_import", "import_asset")(file, out)
    counts = f"{done.num_meshes} meshes, {done.num_triangles:,} triangles, {done.num_materials} materials"
    return Outcome(data=done, text=f"{done.path}: {counts}")


def _data(found: Any) -> dict[str, object]:
    return {
        "is_good": found.is_good,
        "models": [
            {
                "model": model.ref,
                "is_good": model.is_good,
                "size": model.size,
                "symmetries": _symmetries(model.symmetries),
                "findings": model.findings,
            }
            for model in found.models
        ],
        "mended": found.mended,
    }


def _symmetries(symmetries: Any) -> list[dict[str, object]]:
    """Lists symmetries as BOP does, poses as 16 numbers by rows, but in metres."""
    turning = [{"kind": "continuous", "axis": one.axis, "offset_m": one.offset} for one in symmetries.continuous]
    return turning + [{"kind": "discrete", "T_mesh_mesh": pose.reshape(-1)} for pose in symmetries.discrete]


def _text(found: Any, html: Path | None) -> str:
    lines: list[str] = []
    for model in found.models:
        lines += [_head(model), *(line for finding in model.findings for line in _finding(finding))]
    for one in found.mended or ():
        lines += _mended(one)
    if html is not None:
        lines.append(f"report: {html}")
    return "\n".join(lines)


def _head(model: Any) -> str:
    if model.size is None:
        return model.ref
    sides = " x ".join(f"{side:.4g}" for side in model.size.size_m)
    return (
        f"{model.ref}: {sides} m (x, y, z up), diameter {model.size.diameter_m:.4g} m, "
        f"{model.size.num_faces:,} triangles, {_counts(model.findings)}"
    )


def _counts(findings: Any) -> str:
    counts = {word: sum(one.severity == word for one in findings) for word in ("error", "warning", "info")}
    return ", ".join(f"{count} {word}{'' if count == 1 else 's'}" for word, count in counts.items() if count) or "sound"


def _finding(finding: Any) -> list[str]:
    head = f"  {finding.severity:<7}  {finding.code}: {finding.text}"
    mended = " (--fix does it)" if finding.is_mended else ""
    return [head, f"           -> {finding.remedy}{mended}"] if finding.remedy else [head]


def _mended(one: Any) -> list[str]:
    if one.path is None:
        return [f"no copy of {one.ref}: {one.reason}"]
    return [f"mended: {one.path}: {_counts(one.left)}", *(f"  {line}" for line in one.done)]
