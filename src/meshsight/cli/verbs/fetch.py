"""`meshsight fetch`: a data set from an address, into the cache."""

import click

from meshsight.cli.options import examples
from meshsight.cli.output import Outcome
from meshsight.cli.running import is_talkative, verb_command, workflow

EXAMPLES = examples(
    "meshsight fetch https://example.org/balls.zip",
    "meshsight fetch https://example.org/balls.zip --name balls --sha256 2c26b46b...",
    "meshsight train balls.yaml --data fetched:balls#train --val fetched:balls#test --out runs/balls",
)


@click.command(short_help="Download a data set from an address into the cache.", epilog=EXAMPLES)
@click.argument("url", metavar="URL")
@click.option("--name", metavar="NAME", help="What to call it.  [default: from the address]")
@click.option("--sha256", metavar="HEX", help="What its checksum must be.  [default: recorded on first use]")
@verb_command
def fetch(url: str, name: str | None, sha256: str | None) -> Outcome:
    """Downloads a data set once: a zip or tar archive, or a single file such as an HDF5.

    A broken download goes on where it stopped when the verb is run again. Afterwards every verb takes `fetched:NAME`,
    or the address itself, wherever it takes a data set. No other verb downloads data.
    """
    result = workflow("fetch", "fetch")(url, name=name, sha256=sha256, progress=is_talkative())
    how = "was there already" if not result.received else f"{result.received / 1e6:.1f} MB fetched"
    text = f"{result.source}: {how}, sha256 {result.sha256}\nin {result.path}"
    return Outcome(data=result, text=text)
