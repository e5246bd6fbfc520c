"""`meshsight cv-bench`: in place of the CV-Bench generator's container."""

from pathlib import Path
from typing import Literal

import click

from meshsight.cli.options import PATH, examples
from meshsight.cli.output import Outcome
from meshsight.cli.running import is_talkative, verb_command, workflow

EXAMPLES = examples(
    "meshsight cv-bench                                   from /data/input to /data/output",
    "meshsight cv-bench --in tree --out made --mode train",
)


@click.command("cv-bench", short_help="In place of the CV-Bench generator's container.", epilog=EXAMPLES)
@click.option("--in", "tree", default="/data/input", show_default=True, type=PATH, metavar="DIR", help="Input tree.")
@click.option("--out", default="/data/output", show_default=True, type=PATH, metavar="DIR", help="Output tree.")
@click.option(
    "--mode", type=click.Choice(["train", "val", "all"]), default="all", show_default=True, help="Which part."
)
@click.option(
    "--coco-image-root", default=".", show_default=True, metavar="PATH", help="Stands before images/ID.png in COCO."
)
@click.option("--workers", type=int, metavar="N", help="Processes.  [default: one for each core]")
@verb_command
def cv_bench(
    tree: Path, out: Path, mode: Literal["train", "val", "all"], coco_image_root: str, workers: int | None
) -> Outcome:
    """Draws what config/config.json of an input tree asks for, into train and val with COCO and DOTA labels.

    Labels that the container got wrong are right here: sizes are not swapped, ids are unique, and the image root works.
    """
    made = workflow("cv_bench", "make_cv_bench")(
        tree, out, mode=mode, image_root=coco_image_root, workers=workers, progress=is_talkative()
    )
    lines = [f"{part.folder}: {part.num_images} images with {part.num_objects} objects" for part in made.parts]
    return Outcome(data=made, text="\n".join(lines) or "nothing was asked for")
