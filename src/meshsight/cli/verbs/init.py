"""`meshsight init`: a ready recipe."""

from pathlib import Path

import click

from meshsight.cli.options import PATH, examples
from meshsight.cli.output import Outcome
from meshsight.cli.running import verb_command, workflow

EXAMPLES = examples(
    "meshsight init basic > scene.yaml      scenes to generate",
    "meshsight init small > train.yaml      a training",
    "meshsight init blender-gen --from config.py > scene.yaml",
    "meshsight init retinanet/r50_ms3x      a variant of a recipe with a published figure",
    "meshsight init --from-tao spec.txt     a training that TAO's specification describes",
)


@click.command(short_help="A ready recipe, every key explained.", epilog=EXAMPLES)
@click.argument("preset", required=False)
@click.option(
    "--from", "source", type=PATH, metavar="FILE", help="Settings of the system that the preset stands for, to read."
)
@click.option("--from-tao", type=PATH, metavar="FILE", help="Training specification of TAO's DetectNet_v2, to map.")
@verb_command
def init(preset: str | None, source: Path | None, from_tao: Path | None) -> Outcome:
    """Prints a ready recipe with every key explained; `meshsight list presets` names them all.

    With --from, blender-gen reads its config.py (as data; it is never run), cv-bench its config.json, and dope its
    hyperparameters.json.
    """
    recipe = workflow("init", "init")(preset, source, from_tao=from_tao)
    return Outcome(data={"preset": preset, "recipe": recipe}, text=recipe.rstrip("\n"))
