"""`meshsight split`: a data set in parts that share no scene and no photograph."""

from pathlib import Path
from typing import Any

import click

from meshsight.cli.options import PATH, examples
from meshsight.cli.output import Outcome
from meshsight.cli.running import is_talkative, verb_command, workflow
from meshsight.cli.table import table
from meshsight.cli.writing import images_option, written_text

MOST_CLASSES = 20

EXAMPLES = examples(
    "meshsight split photos parts --into train=0.8,val=0.2",
    "meshsight split photos parts --into train=0.7,val=0.2,test=0.1 --stratify --to yolo",
    "meshsight split photos folds --folds 5 --stratify",
    "meshsight split photos lists --into train=0.8,val=0.2 --list",
)


@click.command(short_help="A data set in parts that share no scene.", epilog=EXAMPLES)
@click.argument("source", metavar="SRC")
@click.argument("out", metavar="DST", type=PATH)
@click.option("--into", metavar="NAME=SHARE,...", help="The parts and their shares, which sum to 1.")
@click.option("--folds", type=int, metavar="K", help="K pairs of train and val instead, in DST/fold_0 and on.")
@click.option(
    "--by",
    type=click.Choice(["group", "scene", "photograph", "folder", "source"]),
    default="group",
    show_default=True,
    help="What is never parted. A group is a scene or a source photograph, and always stays whole.",
)
@click.option("--stratify", is_flag=True, help="Keep the shares for every class; adding data may then move old data.")
@click.option("--seed", default=0, show_default=True, metavar="N", help="Another seed gives another split.")
@click.option("--to", metavar="KIND", help="Format to write.  [default: the source's]")
@click.option("--from", "kind", metavar="KIND", help="Format of SRC.  [default: guessed]")
@click.option("--list", "is_list", is_flag=True, help="Write lists of image names only.")
@images_option("copy; hardlink with --folds")
@verb_command
def split(  # noqa: PLR0913 - one for each option
    source: str,
    out: Path,
    into: str | None,
    folds: int | None,
    by: str,
    stratify: bool,
    seed: int,
    to: str | None,
    kind: str | None,
    is_list: bool,
    images: str | None,
) -> Outcome:
    """Parts a data set into a new folder DST; no scene and no source photograph lies on two sides.

    A group's side is a hash of the seed and its name: adding data moves none of the old. With --stratify the shares
    hold for every class instead.
    """
    by = "group" if by in ("scene", "photograph") else by
    rule = workflow("split", "make_rule")(into, folds, by=by, is_stratified=stratify, seed=seed)
    source_spec, target = (workflow("format_specs", "format_spec")(name) if name else None for name in (kind, to))
    done = workflow("split", "split")(
        source,
        out,
        workflow("split", "SplitPlan")(rule=rule, is_folded=folds is not None, to=target, is_list=is_list),
        reading=workflow("reading", "Reading")(spec=source_spec),
        writing=workflow("writing", "Writing")(
            images=images or ("hardlink" if folds else "copy"), progress=is_talkative()
        ),
    )
    return Outcome(data=done, text=_text(done))


def _text(done: Any) -> str:
    lines = [f"{done.folder} ({done.kind}): {done.num_groups:,} groups"]
    for written in done.written:
        lines += [str(written.folder)] if len(done.written) > 1 else []
        lines.append(written_text(written))
    sides = list(next(iter(done.objects.values()), {}))
    rows = [(name, *(_share(counts, side) for side in sides)) for name, counts in done.objects.items()]
    lines.append(table(("objects of class", *sides), rows[:MOST_CLASSES]))
    return "\n".join(
        [*lines, f"... and {len(rows) - MOST_CLASSES} classes more"] if len(rows) > MOST_CLASSES else lines
    )


def _share(counts: dict[str, int], side: str) -> str:
    total = sum(counts.values())
    return f"{counts[side]:,} ({counts[side] / total:.1%})" if total else "-"
