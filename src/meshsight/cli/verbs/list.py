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
    rows = [(entry.noun, entry.kind, entry.summary, _needs(entry.extra, entry.missing)) for entry in entries]
    return Outcome(data={"topic": topic, "kinds": entries}, text=table(("what", "kind", "summary", "needs"), rows))


def _needs(extra: str | None, missing: tuple[str, ...]) -> str:
    if extra is None:
        return ""
    return f"[{extra}], not installed" if missing else f"[{extra}]"
