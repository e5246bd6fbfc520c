"""`meshsight predict`: a detector looks at images."""

from pathlib import Path

import click

from meshsight.cli.inference import inference_options, read_inference
from meshsight.cli.options import PATH, device_option, examples
from meshsight.cli.output import Outcome
from meshsight.cli.running import verb_command, workflow
from meshsight.core.errors import CallError

EXAMPLES = examples(
    "meshsight predict artifact photo.jpg --out found",
    "meshsight predict artifact test --out found --csv submission.csv",
    "meshsight predict runs/first photos 'more/*.png' --out found --device cuda",
    "meshsight predict runs/first aerial.tif --out found --tile 640 --tta",
    "meshsight predict runs/first photos --out found --labels data/pseudo --threshold 0.6 --threshold mug=0.8",
)


@click.command(short_help="Objects found in images.", epilog=EXAMPLES)
@click.argument("target", metavar="RUN_OR_ARTIFACT", type=PATH)
@click.argument("images", metavar="IMAGE...", nargs=-1, required=True)
@click.option("--out", required=True, type=PATH, metavar="DIR", help="Folder for predictions.json and pictures.")
@click.option(
    "--min-score", default=0.3, show_default=True, metavar="SCORE", help="Draw detections from this score on."
)
@click.option("--csv", type=PATH, metavar="FILE", help="Also write the CSV that competitions score.")
@click.option("--labels", type=PATH, metavar="DIR", help="Also make a data set of what is surely found, to train on.")
@click.option("--to", "kind", metavar="KIND", help="Format of that data set.  [default: coco]")
@click.option(
    "--threshold",
    "thresholds",
    multiple=True,
    metavar="[CLASS=]SCORE",
    help="Score from which a detection is a label, for all classes or for one; again for more.  [default: 0.5]",
)
@inference_options
@device_option
@verb_command
def predict(  # noqa: PLR0913 - one for each option
    target: Path,
    images: tuple[str, ...],
    out: Path,
    min_score: float,
    csv: Path | None,
    labels: Path | None,
    kind: str | None,
    thresholds: tuple[str, ...],
    device: str,
    tta: bool,
    tile: int | None,
    members: tuple[str, ...],
    overrides: tuple[str, ...],
) -> Outcome:
    """Detects objects in images, and draws what it finds; an artifact needs no torch.

    An image is a file, a folder (searched to any depth) or a pattern. One that cannot be read is named, the others are
    done, and the program ends with 1.
    """
    if workflow("patch_models", "is_patch_model")(target):
        looked = workflow("patches_predict", "predict_patches")(target, images, out=out, device=device)
        return Outcome(
            data=looked, text=f"{looked.predictions}: {looked.num_balls} balls in {looked.num_patches} patches"
        )
    if labels is None and (kind or thresholds):
        raise CallError("--to and --threshold say how --labels is made; name its folder")
    wanted = None
    if labels is not None:
        wanted = workflow("pseudo_labels", "PseudoLabels")(
            out=labels,
            to=workflow("format_specs", "format_spec")(kind or "coco"),
            spec=workflow("looking", "read_thresholds")(thresholds),
        )
    result = workflow("predict", "predict")(
        target,
        images,
        out=out,
        device=device,
        inference=read_inference(tta=tta, tile=tile, members=members, overrides=overrides),
        outputs=workflow("predict", "PredictOutputs")(min_score=min_score, csv=csv, labels=wanted),
    )
    count = sum(len(image.detections) for image in result.images)
    text = f"{result.predictions}: {count} detections in {len(result.images)} images"
    if labels is not None:
        text += f"\n{labels}: {sum(result.labels.values())} labels"
    return Outcome(data=result, text=text, exit_code=1 if result.problems else 0)
