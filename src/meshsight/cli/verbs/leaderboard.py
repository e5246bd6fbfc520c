"""`meshsight leaderboard`: runs and artifacts side by side."""

from pathlib import Path

import click

from meshsight.cli.options import PATH, device_option, examples
from meshsight.cli.output import Outcome
from meshsight.cli.running import verb_command, workflow
from meshsight.cli.table import table

EXAMPLES = examples(
    "meshsight leaderboard runs/*",
    "meshsight leaderboard runs/* artifact --data photos --by ap50 --out board.html --out board.csv",
)


@click.command(short_help="Runs and artifacts side by side.", epilog=EXAMPLES)
@click.argument("targets", metavar="RUN_OR_ARTIFACT...", nargs=-1, required=True, type=PATH)
@click.option(
    "--data", metavar="[NAME=]DIR", help="Measure all on this data set.  [default: each run's own validation]"
)
@click.option("--by", type=click.Choice(["ap", "ap50", "ap75"]), default="ap", show_default=True, help="Sort by this.")
@click.option(
    "--out", multiple=True, type=PATH, metavar="FILE", help="Also write it as .html, .csv or .md; again for more."
)
@click.option("--no-latency", is_flag=True, help="Do not measure the time that each one takes for an image.")
@device_option
@verb_command
def leaderboard(
    targets: tuple[Path, ...], data: str | None, by: str, out: tuple[Path, ...], no_latency: bool, device: str
) -> Outcome:
    """Compares runs and artifacts: parts, schedule, AP with intervals, time, size, latency.

    With --data all are measured on the same images, and a difference inside the noise is marked: rank 1=.
    """
    options = workflow("leaderboard", "BoardOptions")(metric=by, has_latency=not no_latency, device=device)
    board = workflow("leaderboard", "leaderboard")(targets, data, options)
    for path in out:
        workflow("leaderboard_files", "write_board")(board, path)
    head, rows = workflow("leaderboard_files", "to_text")(board)
    text = "\n".join([table(head, rows), workflow("leaderboard_files", "explain")(board), *(str(path) for path in out)])
    return Outcome(data=board, text=text)
