"""`meshsight export`: a run becomes an artifact."""

from pathlib import Path
from typing import Any

import click

from meshsight.cli.options import PATH, examples
from meshsight.cli.output import Outcome
from meshsight.cli.running import verb_command, workflow

EXAMPLES = examples(
    "meshsight export runs/first --out artifact",
    "meshsight export runs/first --to onnx --out artifact --data photos",
    "meshsight export runs/balls --to c99 --out robot          # a patch network: onnx, onnx_int8, c99, tflite",
)


@click.command(short_help="A run becomes an artifact: ONNX, C99 or TFLite.", epilog=EXAMPLES)
@click.argument("run", metavar="RUN", type=PATH)
@click.option("--to", default="onnx", show_default=True, metavar="KIND", help="Export format.")
@click.option("--out", required=True, type=PATH, metavar="ARTIFACT", help="Folder of the artifact.")
@click.option("--data", metavar="DIR", help="Images to compare on.  [default: the run's own data]")
@verb_command
def export(run: Path, to: str, out: Path, data: str | None) -> Outcome:
    """Exports a run with the decoding inside, and proves on real images that it says the same.

    The artifact runs without torch: `meshsight predict ARTIFACT`, or any ONNX runtime; manifest.json says how.
    """
    if workflow("patch_models", "is_patch_model")(run):
        exported = workflow("patches_export", "export_patch_run")(run, out=out, to=to, data=data)
        return Outcome(data=exported, text=_patches_text(exported))
    result = workflow("export", "export")(run, out=out, to=to, data=data)
    parity = result.manifest.parity
    text = (
        f"{result.artifact}: equal to the run on {parity.num_frames} frames "
        f"(boxes within {parity.max_box_px:.2g} px, scores within {parity.max_score:.1g})"
    )
    return Outcome(data=result, text=text)


def _patches_text(result: Any) -> str:
    manifest, parity = result.manifest, result.manifest.parity
    if parity is None:
        return f"{result.artifact}: {manifest.model} and its self-test; not compared: {manifest.not_compared}"
    lines = [f"{result.artifact}: compared with the run on {parity.num_patches} patches: {_off(parity)}"]
    if manifest.parity_to_onnxruntime is not None:
        lines.append(f"compiled by {manifest.made_with['c_compiler']}; the self-test passed")
        lines.append(f"compared with onnxruntime on the same: {_off(manifest.parity_to_onnxruntime)}")
    if manifest.kind == "onnx_int8":
        before, after = manifest.figures_before, manifest.figures_after
        lines += [
            f"{name}: {before[name]:.4f} before, {after[name]:.4f} in 8 bits"
            for name in ("f1", "average_precision", "circle_iou", "centre_px")
            if before.get(name) is not None and after.get(name) is not None
        ]
    lines += [
        f"{name}: {flavour.file}, {flavour.size_bytes:,} bytes, {flavour.input} in, {_off(flavour.parity)}"
        + (f", in floats: {', '.join(flavour.float_operations).lower()}" if flavour.float_operations else "")
        for name, flavour in manifest.flavours.items()
    ]
    return "\n".join(lines)


def _off(parity: Any) -> str:
    return ", ".join(
        f"{name} within {value:.2g}{unit}"
        for name, value, unit in (("scores", parity.max_score, ""), ("circles", parity.max_circle_px, " px"))
        if value is not None
    )
