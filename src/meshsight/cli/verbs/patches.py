"""`meshsight patches`: small labelled squares for networks that look at one patch."""

from pathlib import Path
from typing import Any

import click

from meshsight.cli.options import PATH, examples, set_option
from meshsight.cli.output import Outcome
from meshsight.cli.running import is_talkative, verb_command, workflow
from meshsight.cli.table import table

EXAMPLES = examples(
    "meshsight patches make data/train --out patches",
    "meshsight patches make photos_coco --out patches --set size_hw=[32,32] --set colour=y_pil --set border=0.1",
    "meshsight patches make data --out patches --set 'split={train: 0.7, validation: 0.15, test: 0.15}'",
    "meshsight init ball_scenes > balls.yaml && meshsight patches make balls.yaml --out patches",
    "meshsight init ball_patches > cut.yaml && meshsight patches make data --recipe cut.yaml --out patches",
)


@click.group(short_help="Cut patches for tiny networks.", epilog=EXAMPLES)
def patches() -> None:
    """Makes small labelled squares for networks that look at one patch."""


@patches.command(short_help="Patches cut from any labelled data set.", epilog=EXAMPLES)
@click.argument("sources", metavar="SRC...", nargs=-1, required=True)
@click.option("--out", required=True, type=PATH, metavar="DIR", help="Folder to make.")
@click.option("--recipe", type=PATH, metavar="CUT.yaml", help="How they are cut.  [default: see `init ball_patches`]")
@click.option("--to", default="patches_h5", show_default=True, metavar="KIND", help="patches_h5 or patches_png.")
@set_option("size_hw=[32,32]")
@verb_command
def make(sources: tuple[str, ...], out: Path, recipe: Path | None, to: str, overrides: tuple[str, ...]) -> Outcome:
    """Cuts patches around objects, beside them and where there is none; DIR/sheet.png shows some.

    SRC is a data set of any format, or a recipe of scenes (YAML), which are drawn first. DIR appears whole or not at
    all.
    """
    spec = workflow("recipes", "read_patch_recipe")(recipe, overrides)
    done = workflow("patches_make", "make_patches")(sources, out, spec, to=to, progress=is_talkative())
    return Outcome(data=done, text=_made_text(done))


def _made_text(done: Any) -> str:
    names = list(next(iter(done.counts.values())))
    rows = [(split or "all", *map(str, counts.values())) for split, counts in done.counts.items()]
    return "\n".join([table(("split", *names), rows), f"{done.num_left_out} squares left out", str(done.sheet)])
