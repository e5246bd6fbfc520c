"""`meshsight sweep`: many runs of one recipe with other values, and the best of them."""

from pathlib import Path

import click

from meshsight.cli.options import PATH, device_option, examples, set_option
from meshsight.cli.output import Outcome
from meshsight.cli.running import is_talkative, verb_command, workflow

EXAMPLES = examples(
    "meshsight sweep sweep.yaml --out sweeps/first",
    "meshsight sweep sweep.yaml --out sweeps/first --resume --workers 4",
    "meshsight sweep sweep.yaml --out sweeps/tpe --set sampler.kind=tpe --set trials=100 --track mlflow=sqlite:///ml.db",
    "meshsight sweep sweep.yaml --out /shared/sweep --on ray://10.0.0.5",
)


@click.command(short_help="Many trainings with other values, and the best of them.", epilog=EXAMPLES)
@click.argument("recipe", metavar="SPEC.yaml", type=PATH)
@click.option("--out", required=True, type=PATH, metavar="DIR", help="Folder of the sweep.")
@click.option("--resume", is_flag=True, help="Go on with the sweep in the folder; starts if there is none.")
@click.option("--workers", type=int, metavar="N", help="Trials at a time.  [default: one for each core]")
@click.option("--threads", type=int, default=1, show_default=True, metavar="N", help="Threads of each trial.")
@click.option(
    "--on", default="local", show_default=True, metavar="PLACE", help="Where: local, ray, or ray://HOST for a cluster."
)
@click.option("--track", metavar="KIND[=URI]", help="Send metrics to a tracker too, such as mlflow=http://host:5000.")
@set_option("trials=20")
@device_option
@verb_command
def sweep(  # noqa: PLR0913 - one for each option
    recipe: Path,
    out: Path,
    resume: bool,
    workers: int | None,
    threads: int,
    on: str,
    track: str | None,
    overrides: tuple[str, ...],
    device: str,
) -> Outcome:
    """Runs the trials of a sweep; killed or stopped, it goes on with --resume, and no trial is lost or run twice.

    DIR/trials/NUMBER/run is an ordinary run; DIR/winner.yaml is the best one's recipe, DIR/report.html shows all.
    """
    spec = workflow("recipes", "read_sweep_recipe")(recipe, overrides)
    options = workflow("sweep", "SweepOptions")(
        is_resumed=resume,
        workers=workers,
        threads=threads,
        device=device,
        on=workflow("places", "parse_place")(on),
        tracker=None if track is None else workflow("train", "parse_tracker")(track),
        shows_progress=is_talkative(),
    )
    result = workflow("sweep", "sweep")(spec, root=recipe.parent, out=out, options=options)
    winner = result.trials[result.winner]
    figures = ", ".join(f"{goal.metric} {winner.metrics[goal.metric]:.4g}" for goal in spec.objectives)
    return Outcome(
        data=result,
        text=f"{out}: {len(result.trials)} trials; the best is {winner.run} ({figures}); see {result.report}",
    )
