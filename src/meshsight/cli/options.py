"""Options that several verbs share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Verb = TypeVar("Verb", bound=Callable[..., Any])

PATH = click.Path(path_type=Path)

device_option = click.option(
    "--device",
    default="auto",
    show_default=True,
    metavar="DEVICE",
    help="Where networks run: auto, cpu, cuda or cuda:1.",
)


def set_option(example: str) -> Callable[[Verb], Verb]:
    """Returns the option `--set`, explained by an example that fits the verb's recipe."""
    return click.option(
        "--set",
        "overrides",
        multiple=True,
        metavar="PATH=VALUE",
        help=f"Change one value of the recipe, as in `--set {example}`; again for more.",
    )


def examples(*commands: str) -> str:
    """Returns the end of a verb's help: commands to copy, which click must not fill into a paragraph."""
    return "\n".join(["\b", "Examples:", *(f"  {command}" for command in commands)])
