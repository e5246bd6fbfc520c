"""How well a network of 1,550 parameters tells balls on patches of 16x16 pixels, and finds their centres.

The whole walk: scenes to learn from, to choose on and to measure on, which have no ball, robot, floor or surroundings
in common; patches cut from them; NaoTH's classifier of 1,550 parameters and its twin with three outputs, trained by the
recipes of the presets; both measured once on the test. Beside them what the patches give away for nothing: logistic
regression on the pixels, at the threshold that is best for it on the test itself, and the middle of the patch as the
ball's. As controls, the classifier learns from shuffled labels, and the twin from shuffled circles; both must fail.

Every part is kept in the folder and not made again; a killed run goes on.

    python benchmarks/ball_patches.py --out /tmp/ball_patches
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32
from measuring import Target, arguments, cpu_seconds, progress, report, run_single_threaded

from meshsight.core.files import write_bytes, write_json
from meshsight.core.images import encode_png
from meshsight.core.rng import stream
from meshsight.datasets.formats._patches_h5_files import PatchTable, write_patch_file
from meshsight.datasets.patches.arrays import PatchArrays, read_patches
from meshsight.evaluation.classification import best_f_beta, score_curve
from meshsight.models.patch.published import naoth_circle, naoth_classifier
from meshsight.plotting.patch_sheet import PatchRow, draw_sheet
from meshsight.presets import ball_patches, ball_scenes, patch
from meshsight.specs.patch_training import PatchTrainSpec
from meshsight.workflows.generate import generate
from meshsight.workflows.patches_evaluate import evaluate_patches
from meshsight.workflows.patches_make import make_patches
from meshsight.workflows.sources import open_source
from meshsight.workflows.train import Resources, TrainOptions, train

SPLITS = {"train": ball_scenes.TRAINING, "validation": ball_scenes.VALIDATION, "test": ball_scenes.TEST}
NETS = {"classifier": naoth_classifier(), "circle": naoth_circle()}
TARGETS = (
    Target(figure="f1", limit=0.98, is_least=True),
    Target(figure="centre_px", limit=0.6),
    Target(figure="logistic_best_f1", limit=0.85),
    Target(figure="guess_centre_px", limit=2.0, is_least=True),
    Target(figure="shuffled_labels_roc_auc", limit=0.65),
    Target(figure="shuffled_circles_over_guess", limit=0.9, is_least=True),
)
CONTROL_SHARE = 0.25
"""Of the training's epochs; who learns nothing does not need them all."""


def draw(out: Path, scale: float) -> None:
    """Draws the scenes that are not there yet, and cuts the patches."""
    for split, cast in SPLITS.items():
        if (out / split).exists():
            continue
        progress(f"drawing and cutting: {split}")
        spec = ball_scenes.scenes(cast._replace(frames=max(8, round(cast.frames * scale))))
        generate(spec, out / f"scenes_{split}", root=out, workers=1, resume=True, progress=False)
        make_patches([out / f"scenes_{split}"], out / split, ball_patches.hard(), progress=False)


def learn(out: Path, name: str, spec: PatchTrainSpec, data: Path, validation: tuple[Path, ...] = ()) -> Path:
    """Trains a network, or goes on where it was broken off; returns its run.

    Without a validation set the weights are chosen on a part of the data itself, as a control's must be: choosing them
    by the truth would teach it something.
    """
    progress(f"training: {name}")
    options = TrainOptions(is_resumed=True, resources=Resources(device="cpu", threads=1))
    train(spec, data=[data], val=validation, out=out / name, options=options)
    return out / name


def shuffled(out: Path, name: str) -> Path:
    """Returns the training patches with their labels, or their circles, dealt out anew."""
    file = out / f"{name}_16x16_ball_radius_center_X_y.h5"
    if not file.exists():
        patches = read_patches(open_source(out / "train"), "ball")
        rng = stream(0, 0, name)
        balls, circles = patches.balls > 0.5, patches.circles
        if name == "shuffled_labels":
            order = rng.permutation(len(balls))
            balls, circles = balls[order], circles[order]
        else:
            rows = np.flatnonzero(balls)
            circles = circles.copy()
            circles[rows] = circles[rng.permutation(rows)]
        table = PatchTable(
            classes=("ball",), label=balls.astype(np.int64), circles=circles, groups=tuple(map(str, patches.groups))
        )
        write_patch_file(file, iter(patches.pixels), table)
    return file


def shortened(spec: PatchTrainSpec, share: float) -> PatchTrainSpec:
    """Returns a recipe for a part of its epochs."""
    assert spec.epochs is not None
    return spec.evolve(epochs=spec.epochs * share)


def measured(out: Path, run: Path) -> dict[str, Any]:
    """Measures a run on the test, once; returns figures with their intervals."""
    file = out / f"{run.name}_test" / "evaluation.json"
    if not file.exists():
        evaluate_patches(run, data=[out / "test"], out=file.parent, device="cpu")
    [report_of_test] = json.loads(file.read_text())["reports"]
    return report_of_test


def logistic_f1(learnt: PatchArrays, test: PatchArrays) -> float:
    """Returns the best F1 on the test of logistic regression on the pixels, each scaled to unit variance."""
    x, unseen = (torch.from_numpy(one.pixels.reshape(len(one), -1) / np.float32(255)) for one in (learnt, test))
    mean, std = x.mean(0), x.std(0) + 1e-6
    x, unseen = (x - mean) / std, (unseen - mean) / std
    truth, weights = torch.from_numpy(learnt.balls), torch.zeros(x.shape[1] + 1, requires_grad=True)
    optimiser = torch.optim.LBFGS([weights], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        logits = x @ weights[1:] + weights[0]
        total = torch.nn.functional.binary_cross_entropy_with_logits(logits, truth)
        total = total + 1e-4 * weights[1:].square().sum()
        total.backward()
        return total

    optimiser.step(loss)  # pyright: ignore[reportArgumentType]
    scores: Float32[np.ndarray, " n"] = (unseen @ weights[1:] + weights[0]).detach().numpy()
    return best_f_beta(score_curve(scores.astype(np.float64), test.balls > 0.5))


def look(out: Path, test: PatchArrays) -> None:
    """Draws what the test asks, for people to judge."""
    rng = stream(0, 0, "look")
    rows = [
        PatchRow(
            title=f"{name}: {int(chosen.sum())} patches",
            pixels=test.pixels[picked],
            circles=test.circles[picked] if name == "balls" else None,
        )
        for name, chosen in (("balls", test.balls > 0.5), ("none", test.balls < 0.5))
        for picked in [rng.permutation(np.flatnonzero(chosen))[:96]]
    ]
    write_bytes(out / "test_patches.png", encode_png(draw_sheet(rows)))


def main() -> int:
    """Walks the walk, and prints."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--out", type=Path, required=True, help="folder of all parts; a run goes on there")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the scenes and epochs, to try the script")
    options = parser.parse_args()
    run_single_threaded()
    torch.set_num_threads(1)
    out, began = options.out, cpu_seconds()
    out.mkdir(parents=True, exist_ok=True)
    draw(out, options.scale)
    specs = {name: shortened(patch.hard_training(net), options.scale) for name, net in NETS.items()}
    runs = {name: learn(out, name, spec, out / "train", (out / "validation",)) for name, spec in specs.items()}
    learn(out, "control_labels", shortened(specs["classifier"], CONTROL_SHARE), shuffled(out, "shuffled_labels"))
    learn(out, "control_circles", shortened(specs["circle"], CONTROL_SHARE), shuffled(out, "shuffled_circles"))
    classes, circles = measured(out, runs["classifier"]), measured(out, runs["circle"])
    controls = {name: measured(out, out / name)["figures"] for name in ("control_labels", "control_circles")}
    learnt, test = (read_patches(open_source(out / split), "ball") for split in ("train", "test"))
    look(out, test)
    share = float((test.balls > 0.5).mean())
    guess = circles["figures"]["centre_px_of_the_patch_centre"]["value"]
    figures: dict[str, float | int | str | None] = {
        **_told(classes, ("f1", "precision", "recall", "best_f1", "average_precision")),
        **_told(circles, ("centre_px", "centre_px_median", "radius_px", "circle_iou")),
        "logistic_best_f1": logistic_f1(learnt, test),
        "f1_of_calling_all_balls": 2 * share / (1 + share),
        "guess_centre_px": guess,
        "shuffled_labels_roc_auc": controls["control_labels"]["roc_auc"]["value"],
        "shuffled_labels_best_f1": controls["control_labels"]["best_f1"]["value"],
        "shuffled_circles_over_guess": controls["control_circles"]["centre_px"]["value"] / guess,
        "num_train": len(learnt),
        "num_test": len(test),
        "num_test_balls": int(test.balls.sum()),
        "cpu_s_of_this_call": cpu_seconds() - began,
    }
    write_json(out / "result.json", figures)
    return report("Balls on patches of 16x16, 1,550 parameters", figures, TARGETS, options.json)


def _told(one: dict[str, Any], names: tuple[str, ...]) -> dict[str, float]:
    """Returns each figure with its interval."""
    found: dict[str, float] = {}
    for name in names:
        figure = one["figures"][name]
        found |= {name: figure["value"], f"{name}_low": figure["low"], f"{name}_high": figure["high"]}
    return found


if __name__ == "__main__":
    raise SystemExit(main())
