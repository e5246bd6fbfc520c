"""`meshsight train`: data sets become a detector."""

from pathlib import Path

import click

from meshsight.cli.options import PATH, device_option, examples, set_option
from meshsight.cli.output import Outcome
from meshsight.cli.running import verb_command, workflow
from meshsight.cli.several import run_as_several

DATA = "[NAME=]DIR"

EXAMPLES = examples(
    "meshsight init small > train.yaml",
    "meshsight train train.yaml --data data/train --val data/test --out runs/first",
    "meshsight train train.yaml --data data/train --out runs/longer --set steps=4000 --device cuda",
    "meshsight train train.yaml --data synthetic=data/train --data real=photos --out runs/mixed --track mlflow",
    "meshsight train train.yaml --data data/train --val data/test --out runs/fast --processes 4",
)


@click.command(short_help="Data sets become a detector.", epilog=EXAMPLES)
@click.argument("recipe", metavar="RECIPE.yaml", type=PATH)
@click.option("--data", required=True, multiple=True, metavar=DATA, help="Data set to learn from; again for more.")
@click.option(
    "--val",
    multiple=True,
    metavar=DATA,
    help="Data set to measure on; the first decides what is best (or validation.best_on).",
)
@click.option("--out", required=True, type=PATH, metavar="RUN", help="Folder of the run.")
@click.option("--resume", is_flag=True, help="Go on with the run in the folder; starts if there is none.")
@click.option("--threads", type=int, metavar="N", help="Threads on the CPU.  [default: OMP_NUM_THREADS, or idle cores]")
@click.option("--workers", type=int, metavar="N", help="Threads that prepare batches.  [default: by device]")
@click.option(
    "--processes",
    type=int,
    default=1,
    show_default=True,
    metavar="N",
    callback=run_as_several,
    expose_value=False,
    help="Train with N processes, on a GPU each; the result is that of one.",
)
@click.option("--check-rate", is_flag=True, help="Try learning rates for a few steps first; say if this one is off.")
@click.option("--track", metavar="KIND[=URI]", help="Send metrics to a tracker too, such as mlflow=http://host:5000.")
@click.option("--track-required", is_flag=True, help="Do not start when the tracker cannot be reached.")
@click.option("--endpoint", metavar="URL", help="Told when the run ends.  [default: ENDPOINT]")
@click.option("--uid", metavar="ID", help="What the endpoint calls this run.  [default: UID]")
@set_option("batch_size=8")
@device_option
@verb_command
def train(  # noqa: PLR0913 - one for each option
    recipe: Path,
    data: tuple[str, ...],
    val: tuple[str, ...],
    out: Path,
    resume: bool,
    threads: int | None,
    workers: int | None,
    track: str | None,
    track_required: bool,
    check_rate: bool,
    endpoint: str | None,
    uid: str | None,
    overrides: tuple[str, ...],
    device: str,
) -> Outcome:
    """Trains a detector from a recipe; killed or stopped, it goes on with --resume to the same losses."""
    with workflow("early_failure", "early_failure_reported")(endpoint, uid):
        spec = workflow("recipes", "read_training_recipe")(recipe, overrides)
        options = workflow("train", "TrainOptions")(
            is_resumed=resume,
            endpoint=endpoint,
            uid=uid,
            tracker=None if track is None else workflow("train", "parse_tracker")(track),
            is_tracker_required=track_required,
            is_rate_checked=check_rate,
            resources=workflow("train", "Resources")(device=device, threads=threads, workers=workers),
        )
    result = workflow("train", "train")(spec, data=data, val=val, out=out, options=options)
    best = result.manifest.best
    figure = "" if best is None else f", best {best.metric} {best.value:.3f} at step {best.step}"
    return Outcome(data=result, text=f"{result.run}: {result.manifest.step} steps{figure}")
