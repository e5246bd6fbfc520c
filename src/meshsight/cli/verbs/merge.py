"""`meshsight merge`: several data sets in one."""

from pathlib import Path
from typing import Any

import click

from meshsight.cli.options import PATH, examples
from meshsight.cli.output import Outcome
from meshsight.cli.running import is_talkative, verb_command, workflow
from meshsight.cli.table import table
from meshsight.cli.writing import images_option, written_text

EXAMPLES = examples(
    "meshsight merge data/train photos_voc#train --out all",
    "meshsight merge made=data/train real=photos --out all --map ball=football --map socker=football --drop person",
    "meshsight merge a=first b=second --out all --map classes.yaml --to coco",
)


@click.command(short_help="Several data sets in one.", epilog=EXAMPLES)
@click.argument("sources", metavar="[NAME=]SRC...", nargs=-1, required=True)
@click.option("--out", required=True, type=PATH, metavar="DST", help="Folder to make.")
@click.option(
    "--map",
    "items",
    multiple=True,
    metavar="OLD=NEW",
    help="Rename a class, or join it with another; SOURCE/OLD means that of one source. Also a YAML file with `rename` "
    "and `drop`. Again for more.",
)
@click.option("--drop", multiple=True, metavar="CLASS", help="Leave out a class with its objects. Again for more.")
@click.option("--to", metavar="KIND", help="Format to write.  [default: meshsight, which keeps everything]")
@images_option()
@verb_command
def merge(
    sources: tuple[str, ...],
    out: Path,
    items: tuple[str, ...],
    drop: tuple[str, ...],
    to: str | None,
    images: str | None,
) -> Outcome:
    """Merges data sets of any formats into a new folder DST, which appears whole or not at all.

    The classes are those of all sources, in the order in which they come first. Images keep the name of their source.
    """
    done = workflow("merge", "merge")(
        sources,
        out,
        class_map=workflow("merge", "read_class_map")(items, drop),
        to=workflow("format_specs", "format_spec")(to) if to else None,
        writing=workflow("writing", "Writing")(images=images or "copy", progress=is_talkative()),
    )
    return Outcome(data=done, text=_text(done))


def _text(done: Any) -> str:
    rows = [(one.name, one.kind, f"{one.num_images:,}", _changes(one.classes)) for one in done.sources]
    head = f"{done.written.folder} ({done.kind}): {len(done.classes)} classes: {', '.join(done.classes)}"
    lines = [table(("source", "kind", "images", "classes changed"), rows), head, written_text(done.written)]
    return "\n".join([*lines, *(f"repaired: {repair}" for repair in done.repairs)])


def _changes(classes: dict[str, str | None]) -> str:
    changed = [f"{old} -> {new or '(dropped)'}" for old, new in classes.items() if new != old]
    return ", ".join(changed) or "-"
