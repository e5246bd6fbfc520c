"""What the verbs that write data sets share: the option for images, and the result in words."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from meshsight.cli.table import table

Verb = TypeVar("Verb", bound=Callable[..., Any])


def images_option(default: str = "copy") -> Callable[[Verb], Verb]:
    """Returns the option `--images`, None where it is not given; the default is said in words."""
    return click.option(
        "--images",
        type=click.Choice(["copy", "hardlink", "symlink", "none"]),
        help=f"How images get into DST; `none` writes labels only.  [default: {default}]",
    )


def written_text(written: Any) -> str:
    """Returns what was written, and what was not, as a few lines."""
    rows = [(part.split or "-", f"{part.num_images:,}", f"{part.num_objects:,}") for part in written.parts]
    lines = [table(("split", "images", "objects"), rows)]
    lines += [f"not kept: {part} (of {count:,})" for part, count in written.dropped.items()]
    lines += [f"left out: {count:,} objects without {part}" for part, count in written.left_out.items()]
    lines += [f"note: {note} ({count:,})" for note, count in written.notes.items()]
    return "\n".join(lines)
