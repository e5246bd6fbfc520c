"""`meshsight preview`: look before you generate."""

from pathlib import Path

import click

from meshsight.cli.options import PATH, examples, set_option
from meshsight.cli.output import Outcome
from meshsight.cli.running import verb_command, workflow

EXAMPLES = examples(
    "meshsight preview scene.yaml --out grid.png",
    "meshsight preview scene.yaml --out grid.png --count 4 --set renderer.kind=raycast",
)


@click.command(short_help="A picture of what a recipe would generate.", epilog=EXAMPLES)
@click.argument("recipe", metavar="SPEC.yaml", type=PATH)
@click.option("--out", required=True, type=PATH, metavar="GRID.png", help="Picture to write, .png or .jpg.")
@click.option("--count", default=16, show_default=True, metavar="N", help="Frames to draw.")
@set_option("renderer.kind=raycast")
@verb_command
def preview(recipe: Path, out: Path, count: int, overrides: tuple[str, ...]) -> Outcome:
    """Draws the first frames of a recipe, with their labels, as one picture."""
    spec = workflow("recipes", "read_scene_recipe")(recipe, overrides)
    drawn = workflow("preview", "preview")(spec, recipe.parent, out=out, count=count)
    return Outcome(data=drawn, text=str(drawn.path))
