"""`meshsight doctor`: what this machine has."""

import click

from meshsight.cli.options import examples
from meshsight.cli.output import Outcome
from meshsight.cli.running import verb_command, workflow

EXAMPLES = examples(
    "meshsight doctor",
    "meshsight doctor --json",
)


@click.command(short_help="What this machine has, and what is missing.", epilog=EXAMPLES)
@verb_command
def doctor() -> Outcome:
    """Says what this machine has for generating, training and predicting, and what to do about what is missing.

    Ends with 0 when scenes can be drawn and exported detectors run, also without torch or a GPU.
    """
    diagnosis = workflow("doctor", "doctor")()
    width = max(len(finding.name) for finding in diagnosis.findings)
    lines: list[str] = []
    for finding in diagnosis.findings:
        lines.append(f"{finding.status:<8}{finding.name:<{width}}  {finding.detail}")
        if finding.advice:
            lines.append(f"{'':<8}{'':<{width}}  -> {finding.advice}")
    return Outcome(data=diagnosis, text="\n".join(lines), exit_code=0 if diagnosis.is_base_working else 1)
