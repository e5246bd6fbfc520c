"""`meshsight cv-bench`: in place of the CV-Bench generator's container."""

import os
from pathlib import Path
from typing import Literal

import click

from meshsight.cli.options import PATH, examples
from meshsight.cli.output import Outcome
from meshsight.cli.running import is_talkative, verb_command, workflow
from meshsight.core.errors import StorageError

EXAMPLES = examples(
    "meshsight cv-bench                                   from /data/input to /data/output",
    "meshsight cv-bench --in tree --out made --mode train",
    "meshsight cv-bench --endpoint http://host:3000 --taskID 7 --output file",
)


@click.command("cv-bench", short_help="In place of the CV-Bench generator's container.", epilog=EXAMPLES)
@click.option("--in", "tree", default="/data/input", show_default=True, type=PATH, metavar="DIR", help="Input tree.")
@click.option("--out", default="/data/output", show_default=True, type=PATH, metavar="DIR", help="Output tree.")
@click.option(
    "--mode", type=click.Choice(["train", "val", "all"]), default="all", show_default=True, help="Which part."
)
@click.option(
    "--target",
    default="all",
    show_default=True,
    metavar="STAGES",
    help="all, or some of configure,render,merge,postfx: configure alone writes the recipes, without postfx the "
    "sensor's chain is left out.",
)
@click.option(
    "--coco-image-root", default="./", show_default=True, metavar="PATH", help="Stands before images/ID.png in COCO."
)
@click.option("--endpoint", metavar="URL", help="Told of progress, the first images and the end.")
@click.option("--taskID", "task", metavar="ID", help="What the endpoint calls this run.")
@click.option(
    "--output",
    "messages",
    type=click.Choice(["shell", "file"]),
    default="shell",
    show_default=True,
    help="Where messages go: file writes stdout.txt and stderr.txt into --log.",
)
@click.option(
    "--log", "log_folder", default="/data/log", show_default=True, type=PATH, metavar="DIR", help="See above."
)
@click.option("--workers", type=int, metavar="N", help="Processes.  [default: one for each core]")
@verb_command
def cv_bench(  # noqa: PLR0913 - the container's flags
    tree: Path,
    out: Path,
    mode: Literal["train", "val", "all"],
    target: str,
    coco_image_root: str,
    endpoint: str | None,
    task: str | None,
    messages: str,
    log_folder: Path,
    workers: int | None,
) -> Outcome:
    """Draws what config/config.json of an input tree asks for, into train and val with COCO and DOTA labels.

    Labels that the container got wrong are right here: sizes are not swapped, ids are unique, and the image root works.
    The same call goes on with a run that was killed.
    """
    stdout = _messages_to(log_folder) if messages == "file" else None
    stages = workflow("cv_bench", "STAGES") if target == "all" else [name.strip() for name in target.split(",")]
    made = workflow("cv_bench", "make_cv_bench")(
        tree,
        out,
        mode=mode,
        image_root=coco_image_root,
        stages=stages,
        platform=workflow("cv_bench_reports", "platform_of")(endpoint, task),
        workers=workers,
        progress=is_talkative(),
    )
    lines = [f"{part.folder}: {part.num_images} images with {part.num_objects} objects" for part in made.parts]
    text = "\n".join(lines) or "nothing was asked for"
    if stdout is not None:
        stdout.write_text(text + "\n", encoding="utf-8")
        text = ""
    return Outcome(data=made, text=text)


def _messages_to(folder: Path) -> Path:
    """Sends all messages from here to the end of the program to `stderr.txt`; returns the place of `stdout.txt`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = os.open(folder / "stderr.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    except OSError as error:
        raise StorageError(
            f"{folder}: messages cannot be written there: {error.strerror}; name another --log"
        ) from error
    os.dup2(file, 2)
    os.close(file)
    return folder / "stdout.txt"
