"""`meshsight show`: the labels of a data set, drawn."""

from pathlib import Path

import click

from meshsight.cli.options import PATH, examples
from meshsight.cli.output import Outcome
from meshsight.cli.running import verb_command, workflow

EXAMPLES = examples(
    "meshsight show data/train --out labels.png",
    "meshsight show photos_voc#test --out pictures --count 50 --keypoints",
)


@click.command(short_help="The labels of a data set, drawn.", epilog=EXAMPLES)
@click.argument("source", metavar="DIR")
@click.option("--out", required=True, type=PATH, metavar="PATH", help="A .png or .jpg for one grid, or a folder.")
@click.option("--count", default=16, show_default=True, metavar="N", help="Samples to draw, spread over the data set.")
@click.option("--masks/--no-masks", default=True, show_default=True, help="Shade the visible pixels.")
@click.option("--keypoints/--no-keypoints", default=False, show_default=True, help="Draw keypoints and cuboids.")
@verb_command
def show(source: str, out: Path, count: int, masks: bool, keypoints: bool) -> Outcome:
    """Draws the labels of a data set of any format."""
    looks = workflow("show", "Looks")(with_masks=masks, with_keypoints=keypoints)
    shown = workflow("show", "show")(source, out=out, count=count, looks=looks)
    return Outcome(data=shown, text="\n".join(str(path) for path in shown.paths))
