"""The share of training time that is spent waiting for data.

A short run of the small recipe on scenes of the demo, with the resources that `train` takes by itself; the figures are
those that the run itself wrote into `metrics.jsonl`. The first steps, in which images are decoded for the first time,
count too.
"""

from measuring import Target, arguments, progress, report, scratch

from meshsight.presets.demo import training_scenes
from meshsight.presets.small import small_training
from meshsight.specs.schedule import WarmUpSpec
from meshsight.training.metrics import read_metrics
from meshsight.training.run_folder import RunFiles
from meshsight.workflows.generate import generate
from meshsight.workflows.train import train

TARGETS = (Target(figure="data_wait_share", limit=0.05),)


def main() -> int:
    """Measures and prints."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--frames", type=int, default=128, help="training images")
    parser.add_argument("--steps", type=int, default=40, help="training steps")
    options = parser.parse_args()
    with scratch() as folder:
        generate(training_scenes().evolve(frames=options.frames), folder / "data", root=folder, progress=False)
        progress("training")
        train(
            small_training().evolve(steps=options.steps, warm_up=WarmUpSpec(steps=options.steps // 4)),
            data=[folder / "data"],
            out=folder / "run",
        )
        steps = [line for line in read_metrics(RunFiles(folder / "run").metrics) if line["event"] == "step"]
    waits, seconds = (sum(step[name] for step in steps) for name in ("data_wait", "seconds"))
    found = {
        "steps": len(steps),
        "data_wait_share": waits / seconds,
        "data_wait_share_after_first_step": sum(s["data_wait"] for s in steps[1:])
        / sum(s["seconds"] for s in steps[1:]),
        "ms_per_step": 1000 * seconds / len(steps),
    }
    return report("waiting for data in training", found, TARGETS, options.json)


if __name__ == "__main__":
    raise SystemExit(main())
