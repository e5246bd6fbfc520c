"""`meshsight convert`: a data set in another format."""

from pathlib import Path
from typing import Any

import click

from meshsight.cli.options import PATH, examples
from meshsight.cli.output import Outcome
from meshsight.cli.running import is_talkative, verb_command, workflow
from meshsight.cli.writing import images_option, written_text

EXAMPLES = examples(
    "meshsight convert data/train yolo --to yolo",
    "meshsight convert photos_voc coco --to coco --images hardlink",
    "meshsight convert photos_voc#test test --to kitti --set from.bad_boxes=drop",
    "meshsight convert data/train shards --to webdataset --set shard_images=500",
)


@click.command(short_help="A data set in another format.", epilog=EXAMPLES)
@click.argument("source", metavar="SRC")
@click.argument("out", metavar="DST", type=PATH)
@click.option("--to", required=True, metavar="KIND", help="Format to write; `meshsight list formats` shows them.")
@click.option("--from", "kind", metavar="KIND", help="Format of SRC.  [default: guessed]")
@click.option("--split", metavar="NAME", help="Convert this split only, as SRC#NAME does.  [default: all]")
@click.option("--classes", metavar="A,B,...", help="Order of the classes, instead of the data set's own.")
@images_option()
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="FIELD=VALUE",
    help="A setting of the format to write; `from.FIELD=VALUE` sets one of the reader. Again for more.",
)
@verb_command
def convert(  # noqa: PLR0913 - one for each option
    source: str,
    out: Path,
    to: str,
    kind: str | None,
    split: str | None,
    classes: str | None,
    images: str | None,
    overrides: tuple[str, ...],
) -> Outcome:
    """Converts a data set of any format into a new folder DST, which appears whole or not at all.

    Says what the new format cannot hold, and what had to be put right, with counts.
    """
    given = workflow("convert", "read_settings")(source, to=to, kind=kind, overrides=overrides)
    names = tuple(name.strip() for name in classes.split(",")) if classes else None
    done = workflow("convert", "convert")(
        source,
        out,
        to=given.to,
        reading=workflow("reading", "Reading")(spec=given.source, split=split, classes=names),
        writing=workflow("writing", "Writing")(images=images or "copy", progress=is_talkative()),
    )
    return Outcome(data=done, text=_text(done))


def _text(done: Any) -> str:
    head = f"{done.source} ({done.source_kind}) -> {done.written.folder} ({done.kind})"
    return "\n".join([head, written_text(done.written), *(f"repaired: {repair}" for repair in done.repairs)])
