"""`meshsight verify`: checksums and completeness of a data set."""

from pathlib import Path

import click

from meshsight.cli.options import PATH, examples
from meshsight.cli.output import Outcome
from meshsight.cli.running import verb_command, workflow

EXAMPLES = examples(
    "meshsight verify data/train",
    "meshsight verify data/train --json",
)


@click.command(short_help="Checksums and completeness of a data set.", epilog=EXAMPLES)
@click.argument("folder", metavar="DIR", type=PATH)
@verb_command
def verify(folder: Path) -> Outcome:
    """Checks that a data set folder is complete and that every byte is the one that was written.

    Ends with 1 when anything is wrong, and names each file. Frames that could not be drawn when the set was made are
    named too, but are no fault of its files.
    """
    result = workflow("verify", "verify")(folder)
    lines = [f"{finding.path}: {finding.problem}" for finding in result.findings]
    state = "good" if result.is_good else f"{len(lines)} problems"
    if result.missing:
        state += f", {len(result.missing)} frames missing since it was made"
    lines += [f"frame {frame} is missing: {reason}" for frame, reason in result.missing.items()]
    lines.append(f"{folder}: {result.num_frames} frames, {result.num_files} files, {state}")
    return Outcome(
        data={
            "folder": result.folder,
            "is_good": result.is_good,
            "num_frames": result.num_frames,
            "missing": result.missing,
            "num_files": result.num_files,
            "findings": result.findings,
        },
        text="\n".join(lines),
        exit_code=0 if result.is_good else 1,
    )
