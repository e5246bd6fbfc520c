"""`meshsight weights`: weights that other programs trained."""

from pathlib import Path

import click

from meshsight.cli.options import PATH, examples
from meshsight.cli.output import Outcome
from meshsight.cli.running import verb_command, workflow

SHOWN_CLASSES = 6

EXAMPLES = examples(
    "meshsight weights import tood_r50_fpn_1x_coco.pth --out zoo/tood",
    "meshsight predict zoo/tood photo.jpg --out found",
    "meshsight weights import PekingU/rtdetr_v2_r18vd --out zoo/rtdetr",
    "meshsight weights import epoch_12.pth --out zoo/mine --classes valve,pump",
    "meshsight train recipe.yaml --data data/train --out runs/tuned --set weights=zoo/tood",
)


@click.group(short_help="Weights of mmdetection, torchvision, timm and others.")
def weights() -> None:
    """Brings in weights that other programs trained."""


@weights.command("import", short_help="A foreign checkpoint becomes a run.", epilog=EXAMPLES)
@click.argument("file", metavar="FILE", type=PATH)
@click.option("--out", required=True, type=PATH, metavar="DIR", help="Folder to be made.")
@click.option("--classes", metavar="NAMES", help="coco, voc, a file of names, or a,b,c.  [default: those in the file]")
@click.option("--head", metavar="KIND", help="retina, freeanchor or pisa, whose weights look the same.")
@verb_command
def import_weights(file: Path, out: Path, classes: str | None, head: str | None) -> Outcome:
    """Imports a checkpoint of mmdetection 2.x and 3.x, mmpretrain, torchvision, YOLOX or timm, recognised by itself.

    A model of transformers is a folder (config.json, model.safetensors), or its name on the Hugging Face hub.

    The folder is a run for `predict`, `evaluate` and `export`, and its weights start a training (`weights:` in the
    recipe). A backbone alone becomes a file for `weights:` of a recipe's backbone. Files that could run code when they
    are read are refused.
    """
    result = workflow("import_weights", "import_weights")(file, out=out, classes=classes, head=head)
    lines = [
        f"{result.folder}: {result.model}, trained by {result.source}",
        f"  {result.num_parameters:,} numbers{_classes(result.classes)}",
        *(f"  {note}" for note in result.notes),
        f"  recipe to go on with: {result.recipe}",
    ]
    return Outcome(data=result, text="\n".join(lines))


def _classes(names: tuple[str, ...]) -> str:
    if not names:
        return ""
    more = ", ..." if len(names) > SHOWN_CLASSES else ""
    return f", {len(names)} classes: {', '.join(names[:SHOWN_CLASSES])}{more}"
