"""`meshsight generate`: a recipe becomes a data set."""

from pathlib import Path

import click

from meshsight.cli.options import PATH, examples, set_option
from meshsight.cli.output import Outcome
from meshsight.cli.running import is_talkative, verb_command, workflow

EXAMPLES = examples(
    "meshsight generate scene.yaml --out data/train --frames 2000",
    "meshsight generate scene.yaml --out data/test --frames 200 --seed 1",
    "meshsight generate scene.yaml --out data/train --frames 2000 --resume",
    "meshsight generate scene.yaml --out data/train --frames 3000 --resume      # a thousand more",
    "meshsight generate scene.yaml --out /shared/train --on ray://10.0.0.5",
)


@click.command(short_help="A recipe becomes a labelled data set.", epilog=EXAMPLES)
@click.argument("recipe", metavar="SPEC.yaml", type=PATH)
@click.option("--out", required=True, type=PATH, metavar="DIR", help="Data set folder to make.")
@click.option("--frames", type=int, metavar="N", help="Frames to draw, instead of the recipe's number.")
@click.option("--workers", type=int, metavar="N", help="Processes.  [default: one for each core]")
@click.option("--seed", type=int, metavar="N", help="Seed, instead of the recipe's.")
@click.option("--resume", is_flag=True, help="Go on where a broken run stopped, or with more frames; or start.")
@click.option("--retry-missing", is_flag=True, help="With --resume: try frames again that had to be left out.")
@click.option(
    "--on", default="local", show_default=True, metavar="PLACE", help="Where: local, ray, or ray://HOST for a cluster."
)
@set_option("renderer.kind=raycast")
@verb_command
def generate(  # noqa: PLR0913 - one for each option
    recipe: Path,
    out: Path,
    frames: int | None,
    workers: int | None,
    seed: int | None,
    resume: bool,
    retry_missing: bool,
    on: str,
    overrides: tuple[str, ...],
) -> Outcome:
    """Draws labelled scenes into a data set folder; the same recipe and seed give the same bytes.

    The folder also holds coco.json, for everything else that reads data sets. While it is made, DIR/.run/preview.jpg
    shows the newest frames. A frame that kills its process three times is left out, and the end is 1, not 0.

    After twenty frames it says what the rest will take; also in money, where MESHSIGHT_PRICE_PER_HOUR says what an hour
    of the machine, or of the cluster, costs.
    """
    place = workflow("places", "parse_place")(on)
    spec = workflow("recipes", "read_scene_recipe")(recipe, overrides, frames=frames, seed=seed)
    made = workflow("generate", "generate")(
        spec,
        out,
        root=recipe.parent,
        workers=workers,
        resume=resume,
        retry_missing=retry_missing,
        on=place,
        progress=is_talkative(),
    )
    missing = f", {len(made.missing)} missing" if made.missing else ""
    return Outcome(
        data=made,
        text=f"{made.folder}: {made.num_frames} frames of {len(made.classes)} classes{missing}",
        exit_code=1 if made.missing else 0,
    )
