"""`meshsight rerender`: one frame again, better."""

from pathlib import Path

import click

from meshsight.cli.options import PATH, examples, set_option
from meshsight.cli.output import Outcome
from meshsight.cli.running import verb_command, workflow

EXAMPLES = examples(
    "meshsight rerender data/train 12 --out frame.png",
    "meshsight rerender data/train 12 --out frame.png --set renderer.kind=raycast",
)


@click.command(short_help="One stored frame again, with other settings of the renderer.", epilog=EXAMPLES)
@click.argument("folder", metavar="DIR", type=PATH)
@click.argument("frame", type=int)
@click.option("--out", required=True, type=PATH, metavar="IMAGE", help="Picture to write, .png or .jpg.")
@click.option("--root", type=PATH, metavar="DIR", help="Folder of the recipe.  [default: as noted by `generate`]")
@set_option("renderer.kind=raycast")
@verb_command
def rerender(folder: Path, frame: int, out: Path, root: Path | None, overrides: tuple[str, ...]) -> Outcome:
    """Draws one frame of a generated data set again from its stored scene; its labels stay as they are.

    Tells at how many pixels the new picture's masks differ from the stored ones.
    """
    made = workflow("rerender", "rerender")(folder, frame, out=out, overrides=overrides, root=root)
    return Outcome(
        data=made,
        text=f"{made.path}: {made.num_objects} objects, drawn by {made.drawer}; "
        f"{made.num_changed_pixels:,} of {made.num_label_pixels:,} label pixels differ",
    )
