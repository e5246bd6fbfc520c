"""`meshsight export`: a run becomes an artifact."""

from pathlib import Path

import click

from meshsight.cli.options import PATH, examples
from meshsight.cli.output import Outcome
from meshsight.cli.running import verb_command, workflow

EXAMPLES = examples(
    "meshsight export runs/first --out artifact",
    "meshsight export runs/first --to onnx --out artifact --data photos",
)


@click.command(short_help="A run becomes an ONNX artifact.", epilog=EXAMPLES)
@click.argument("run", metavar="RUN", type=PATH)
@click.option("--to", default="onnx", show_default=True, metavar="KIND", help="Export format.")
@click.option("--out", required=True, type=PATH, metavar="ARTIFACT", help="Folder of the artifact.")
@click.option("--data", metavar="DIR", help="Images to compare on.  [default: the run's own data]")
@verb_command
def export(run: Path, to: str, out: Path, data: str | None) -> Outcome:
    """Exports a run with the decoding inside, and proves on real images that it says the same.

    The artifact runs without torch: `meshsight predict ARTIFACT`, or any ONNX runtime; manifest.json says how.
    """
    result = workflow("export", "export")(run, out=out, to=to, data=data)
    parity = result.manifest.parity
    text = (
        f"{result.artifact}: equal to the run on {parity.num_frames} frames "
        f"(boxes within {parity.max_box_px:.2g} px, scores within {parity.max_score:.1g})"
    )
    return Outcome(data=result, text=text)
