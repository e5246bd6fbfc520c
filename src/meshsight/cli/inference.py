"""Options of the verbs that run a detector: how images are looked at."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from meshsight.cli.running import workflow

Verb = TypeVar("Verb", bound=Callable[..., Any])


def inference_options(verb: Verb) -> Verb:
    """Adds `--tta`, `--tile`, `--with` and `--set`; `read_inference` turns them into a spec."""
    options = (
        click.option("--tta", is_flag=True, help="Also look at the mirrored image, and join what is found."),
        click.option(
            "--tile",
            type=int,
            metavar="PIXELS",
            help="Look at tiles of this side, too: for small objects in large images.",
        ),
        click.option(
            "--with",
            "members",
            multiple=True,
            metavar="RUN_OR_ARTIFACT",
            help="Another detector of the same classes, whose answers are joined with the first one's; again for more.",
        ),
        click.option(
            "--set",
            "overrides",
            multiple=True,
            metavar="PATH=VALUE",
            help="How images are looked at, as in `--set scales=[0.8,1,1.25]`, `--set fusion.kind=nmw`, "
            "`--set decode.suppression=gaussian`; again for more.",
        ),
    )
    for option in reversed(options):
        verb = option(verb)
    return verb


def read_inference(*, tta: bool, tile: int | None, members: tuple[str, ...], overrides: tuple[str, ...]) -> Any:
    """Returns the `InferenceSpec` that the options mean."""
    return workflow("looking", "read_inference")(is_mirrored=tta, tile_px=tile, members=members, overrides=overrides)
