"""`meshsight demo`: the whole walk."""

from pathlib import Path
from typing import Any

import click

from meshsight.cli.options import PATH, examples
from meshsight.cli.output import Outcome
from meshsight.cli.running import verb_command, workflow

EXAMPLES = examples(
    "meshsight demo",
    "meshsight demo --out quick --scale 0.1",
)


@click.command(short_help="The whole walk on built-in objects, in minutes on a CPU.", epilog=EXAMPLES)
@click.option("--out", default=Path("demo"), show_default=True, type=PATH, metavar="DIR", help="Folder of everything.")
@click.option("--scale", default=1.0, show_default=True, metavar="SHARE", help="Share of frames and steps; 1 is all.")
@verb_command
def demo(out: Path, scale: float) -> Outcome:
    """Walks the whole way on built-in objects, in minutes on a CPU, and writes one page with pictures.

    Draws labelled scenes, trains a small detector from scratch, measures it on held-out scenes, exports it to ONNX and
    runs the exported file without torch. Nothing is downloaded; a broken demo goes on where it stopped.
    """
    result = workflow("demo", "demo")(out, scale=scale)
    figures = " ".join(f"{name} {'-' if value is None else format(value, '.3f')}" for name, value in _figures(result))
    text = [f"{figures} on held-out scenes", f"report: {result.report}", "next:"]
    return Outcome(data=result, text="\n".join([*text, *(f"  {command}" for command in result.next_commands)]))


def _figures(result: Any) -> tuple[tuple[str, float | None], ...]:
    return ("AP", result.ap), ("AP50", result.ap50)
