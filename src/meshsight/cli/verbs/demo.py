"""`meshsight demo`: the whole walk."""

from pathlib import Path

import click

from meshsight.cli.options import PATH, examples
from meshsight.cli.output import Outcome
from meshsight.cli.running import verb_command, workflow

EXAMPLES = examples(
    "meshsight demo",
    "meshsight demo --out /tmp/demo --json",
)


@click.command(short_help="The whole walk on built-in objects, in minutes on a CPU.", epilog=EXAMPLES)
@click.option("--out", default=Path("demo"), show_default=True, type=PATH, metavar="DIR", help="Folder of everything.")
@verb_command
def demo(out: Path) -> Outcome:
    """Walks the whole way on built-in objects, in minutes on a CPU, and writes one page with pictures.

    Draws labelled scenes, trains a small detector from scratch, measures it on held-out scenes, exports it to ONNX and
    runs the exported file without torch. Nothing is downloaded; a broken demo goes on where it stopped.
    """
    result = workflow("demo", "demo")(out)
    lines = (
        f"AP50 {result.ap50:.3f}, AP {result.ap:.3f} on {result.difficulty.num_images} held-out scenes",
        f"{result.cpu_seconds:.0f} CPU-seconds",
        f"report: {result.report}",
        "next:",
        *(f"  {command}" for command in result.next_commands),
    )
    return Outcome(data=result, text="\n".join(lines))
