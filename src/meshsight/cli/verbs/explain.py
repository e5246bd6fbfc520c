"""`meshsight explain`: where each number of a frame comes from."""

from pathlib import Path
from typing import Any

import click

from meshsight.cli.options import PATH, examples
from meshsight.cli.output import Outcome
from meshsight.cli.running import verb_command, workflow
from meshsight.cli.table import table

EXAMPLES = examples(
    "meshsight explain data/train 12",
    "meshsight explain data/train 12 --json",
)


@click.command(short_help="Every sampled value of a frame, and where it comes from.", epilog=EXAMPLES)
@click.argument("folder", metavar="DIR", type=PATH)
@click.argument("frame", type=int)
@verb_command
def explain(folder: Path, frame: int) -> Outcome:
    """Prints every sampled value of a generated frame, and the part of the recipe that drew it."""
    told = workflow("explain", "explain")(folder, frame)
    rows = [(one.path, _short(one.value), one.origin) for one in told.values]
    return Outcome(data=told, text=table(("VALUE", "DRAWN", "BY"), rows))


def _short(value: Any) -> str:
    """Returns a value in a few characters: numbers with four digits, a pose by its position."""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list) and len(value) == 4 and isinstance(value[0], list):
        return f"pose at {_short([row[3] for row in value[:3]])}"
    if isinstance(value, list):
        return f"[{', '.join(_short(item) for item in value)}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_short(item)}" for key, item in value.items() if item is not None) + "}"
    return str(value)
