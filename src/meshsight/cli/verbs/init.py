"""`meshsight init`: a ready recipe."""

import click

from meshsight.cli.options import examples
from meshsight.cli.output import Outcome
from meshsight.cli.running import verb_command, workflow

EXAMPLES = examples(
    "meshsight init basic > scene.yaml      scenes to generate",
    "meshsight init small > train.yaml      a training",
    "meshsight init retinanet/r50_ms3x      a variant of a recipe with a published figure",
)


@click.command(short_help="A ready recipe, every key explained.", epilog=EXAMPLES)
@click.argument("preset")
@verb_command
def init(preset: str) -> Outcome:
    """Prints a ready recipe with every key explained; `meshsight list presets` names them all."""
    recipe = workflow("init", "init")(preset)
    return Outcome(data={"preset": preset, "recipe": recipe}, text=recipe.rstrip("\n"))
