"""`meshsight list`: what can be named in recipes and on the command line."""

import click

from meshsight.cli.options import examples
from meshsight.cli.output import Outcome
from meshsight.cli.running import verb_command, workflow
from meshsight.cli.table import table

TOPICS = ("models", "renderers", "formats", "presets")

EXAMPLES = examples(
    "meshsight list models",
    "meshsight list formats --json",
)


@click.command("list", short_help="Models, renderers, formats and presets.", epilog=EXAMPLES)
@click.argument("topic", type=click.Choice(TOPICS))
@verb_command
def list_kinds(topic: str) -> Outcome:
    """Lists models, renderers, formats or presets, and what each one needs."""
    entries = workflow("listing", "list_kinds")(topic)
    rows = [
        (
            entry.noun,
            entry.kind,
            ", ".join(entry.can),
            ", ".join(entry.goes_with),
            _needs(entry.extra, entry.missing),
            entry.summary,
        )
        for entry in entries
    ]
    head = ("what", "kind", "can", "goes with", "needs", "summary")
    shown = [column for column in range(len(head)) if any(row[column] for row in rows)]
    text = table([head[i] for i in shown], [[row[i] for i in shown] for row in rows])
    return Outcome(data={"topic": topic, "kinds": entries}, text=text)


def _needs(extra: str | None, missing: tuple[str, ...]) -> str:
    if extra is None:
        return ""
    return f"[{extra}], not installed" if missing else f"[{extra}]"
