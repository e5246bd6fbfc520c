"""`meshsight show`: the labels of a data set, drawn."""

from pathlib import Path

import click

from meshsight.cli.options import PATH, examples
from meshsight.cli.output import Outcome
from meshsight.cli.running import verb_command, workflow

PARTS = ("boxes", "masks", "corners", "axes", "names", "visibility")

EXAMPLES = examples(
    "meshsight show data/train --out labels.png",
    "meshsight show data/train --out labels.html --count 100",
    "meshsight show data/train --out frame.png --frame 7 --draw corners,axes",
    "meshsight show photos_voc --split test --out pictures --count 50 --draw boxes,names,visibility",
)


class PartList(click.ParamType):
    """Names of parts with commas between them."""

    name = "parts"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> frozenset[str]:
        """Returns the parts, or refuses one that does not exist."""
        names = frozenset(part.strip() for part in value.split(",") if part.strip())
        unknown = sorted(names - set(PARTS))
        if unknown or not names:
            self.fail(f"no part '{unknown[0] if unknown else value}'; there are: {', '.join(PARTS)}", param, ctx)
        return names


@click.command(short_help="The labels of a data set, drawn.", epilog=EXAMPLES)
@click.argument("source", metavar="DIR")
@click.option(
    "--out", required=True, type=PATH, metavar="PATH", help="A .png or .jpg (one grid), a .html, or a folder."
)
@click.option("--count", default=16, show_default=True, metavar="N", help="Samples to draw, spread over the data set.")
@click.option("--image", "images", multiple=True, metavar="NAME", help="Draw this image; again for more.")
@click.option("--frame", "frames", multiple=True, type=int, metavar="N", help="Draw this frame; again for more.")
@click.option("--split", metavar="NAME", help="Draw from this split.")
@click.option(
    "--draw",
    "parts",
    type=PartList(),
    metavar="PARTS",
    help=f"What to draw, with commas: {', '.join(PARTS)}.  [default: what says most]",
)
@click.option("--side", type=click.IntRange(min=16), metavar="PX", help="Longer side of each picture.")
@verb_command
def show(  # noqa: PLR0913 - one for each option
    source: str,
    out: Path,
    count: int,
    images: tuple[str, ...],
    frames: tuple[int, ...],
    split: str | None,
    parts: frozenset[str] | None,
    side: int | None,
) -> Outcome:
    """Draws the labels of a data set of any format.

    Corners are a cuboid with a cross on the face in the object's +x, or a dot for each keypoint; axes are x red, y
    green and z blue; visibility is the share of the object that is seen. Regions to ignore are grey and dashed.
    """
    selection = workflow("show", "Selection")(count=count, images=images, frames=frames)
    drawn = None if parts is None else frozenset(workflow("show", "Drawn")(part) for part in parts)
    looks = workflow("show", "Looks")(parts=drawn, side=side)
    shown = workflow("show", "show")(source, out=out, split=split, selection=selection, looks=looks)
    return Outcome(data=shown, text="\n".join(str(path) for path in shown.paths))
