"""`meshsight predict`: a detector looks at images."""

from pathlib import Path

import click

from meshsight.cli.options import PATH, device_option, examples
from meshsight.cli.output import Outcome
from meshsight.cli.running import verb_command, workflow

EXAMPLES = examples(
    "meshsight predict artifact photo.jpg --out found",
    "meshsight predict artifact test --out found --csv submission.csv",
    "meshsight predict runs/first photos 'more/*.png' --out found --device cuda",
)


@click.command(short_help="Objects found in images.", epilog=EXAMPLES)
@click.argument("target", metavar="RUN_OR_ARTIFACT", type=PATH)
@click.argument("images", metavar="IMAGE...", nargs=-1, required=True)
@click.option("--out", required=True, type=PATH, metavar="DIR", help="Folder for predictions.json and pictures.")
@click.option(
    "--min-score", default=0.3, show_default=True, metavar="SCORE", help="Draw detections from this score on."
)
@click.option("--csv", type=PATH, metavar="FILE", help="Also write the CSV that competitions score.")
@device_option
@verb_command
def predict(
    target: Path, images: tuple[str, ...], out: Path, min_score: float, csv: Path | None, device: str
) -> Outcome:
    """Detects objects in images, and draws what it finds; an artifact needs no torch.

    An image is a file, a folder (searched to any depth) or a pattern. One that cannot be read is named, the others are
    done, and the program ends with 1.
    """
    result = workflow("predict", "predict")(target, images, out=out, device=device, min_score=min_score, csv=csv)
    count = sum(len(image.detections) for image in result.images)
    text = f"{result.predictions}: {count} detections in {len(result.images)} images"
    return Outcome(data=result, text=text, exit_code=1 if result.problems else 0)
