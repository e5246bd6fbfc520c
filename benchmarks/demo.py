"""The demo's figures, and two detectors that must fail its test.

Runs the demo in an empty folder and holds it to its thresholds, in accuracy and processor time. Then the same test, on
the same held-out scenes with the same thresholds, is put to two negative controls:

shuffled  the demo's own detector with every class output given to the next class: whatever it still reaches, it
          reaches without telling classes apart;
empty     the demo's training recipe, over fewer steps, on images without objects: the training scenes drawn again with
          nothing in them, their labels unchanged. Whatever it reaches, it reaches without having seen an object.

Processor time is that of the demo and its worker processes, so a busy machine can check it. With --scale below 1 the
figures are of a smaller demo and are held to nothing.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path

from measuring import Target, arguments, progress, report, scratch

from meshsight.core.images import RgbImage
from meshsight.datasets.folder import open_folder
from meshsight.datasets.manifest import read_manifest
from meshsight.presets import demo as preset
from meshsight.records.dataset import Dataset
from meshsight.records.detections import Detections, ObjectDetector
from meshsight.records.report import HeadlineMetrics
from meshsight.records.sample import Sample
from meshsight.specs.base import parse_spec
from meshsight.specs.distributions import Constant
from meshsight.specs.scene import SceneSpec
from meshsight.workflows.demo import DemoFiles, demo
from meshsight.workflows.evaluate import measure_opened
from meshsight.workflows.generate import generate
from meshsight.workflows.opening import ModelFacts, OpenedDetector, open_detector
from meshsight.workflows.train import train

LEAST_AP50, LEAST_AP, MOST_CPU_SECONDS = 0.85, 0.55, 600
TARGETS = (
    Target(figure="ap50", limit=LEAST_AP50, is_least=True),
    Target(figure="ap", limit=LEAST_AP, is_least=True),
    Target(figure="cpu_seconds", limit=MOST_CPU_SECONDS),
    Target(figure="controls_that_pass", limit=0),
)


@dataclass(frozen=True, slots=True)
class ShuffledClasses:
    """A detector whose class outputs are all one class further on; no class keeps its own."""

    detector: ObjectDetector

    @property
    def classes(self) -> tuple[str, ...]:
        """Names by class id."""
        return self.detector.classes

    def predict(self, images: Sequence[RgbImage]) -> list[Detections]:
        """Detects, and names wrongly."""
        return [
            replace(found, class_ids=(found.class_ids + 1) % len(self.classes))
            for found in self.detector.predict(images)
        ]


def draw_empty_images(data: Path, out: Path, frames: int) -> Dataset:
    """Draws the first scenes of a data set again without any object; the labels stay what they were.

    Frames draw from streams of their own, so background and light are those of the original.
    """
    dataset = open_folder(data)
    nothing = Constant(value=0)
    spec = parse_spec(SceneSpec, read_manifest(data).spec, str(data))
    spec = spec.evolve(frames=frames, count=nothing, distractors=spec.distractors.evolve(count=nothing))
    generate(spec, out, root=out.parent)
    samples = partial(_first, dataset, frames)
    return replace(dataset, root=out, name="empty", num_samples=frames, samples=samples, fingerprint=None)


def _first(dataset: Dataset, count: int) -> Iterator[Sample]:
    return islice(dataset.samples(), count)


def evaluate_on(detector: ObjectDetector, data: Path) -> HeadlineMetrics:
    """Puts the demo's test to a detector."""
    return (
        measure_opened(
            OpenedDetector(detector=detector, kind="run", facts=ModelFacts(model="a control")), [open_folder(data)]
        )
        .reports[0]
        .headline
    )


def train_on_nothing(files: DemoFiles, out: Path, steps: int) -> ObjectDetector:
    """Trains the demo's recipe on images without objects."""
    recipe = preset.training()
    frames = min(read_manifest(files.train).num_frames, steps * recipe.batch_size)
    data = draw_empty_images(files.train, out / "empty", frames)
    warm_up = recipe.warm_up.evolve(steps=min(recipe.warm_up.steps, steps // 4))
    train(recipe.evolve(steps=steps, warm_up=warm_up), data=[data], out=out / "run_empty")
    return open_detector(out / "run_empty", "cpu")


def passes(headline: HeadlineMetrics) -> bool:
    """Tells whether a detector passes the demo's test."""
    return (headline.ap50 or 0.0) >= LEAST_AP50 and (headline.ap or 0.0) >= LEAST_AP


def run(out: Path, scale: float, control_steps: int) -> dict[str, float | int | str | None]:
    """Runs the demo, then the controls; returns the figures."""
    files = DemoFiles(folder=out / "demo")
    result = demo(files.folder, scale=scale)
    progress("negative controls")
    shuffled = evaluate_on(ShuffledClasses(open_detector(files.artifact)), files.test)
    empty = evaluate_on(train_on_nothing(files, out, control_steps), files.test)
    return {
        "ap50": result.ap50,
        "ap": result.ap,
        "cpu_seconds": result.cpu_seconds,
        **{f"seconds of {stage}": seconds for stage, seconds in result.seconds.items()},
        **{f"test: {name}": value for name, value in asdict(result.difficulty).items()},
        "shuffled_ap50": shuffled.ap50,
        "shuffled_ap": shuffled.ap,
        "empty_ap50": empty.ap50,
        "empty_ap": empty.ap,
        "empty_steps": control_steps,
        "controls_that_pass": passes(shuffled) + passes(empty),
    }


def main() -> int:
    """Measures and prints."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--out", type=Path, help="folder to keep, empty at first; a temporary one otherwise")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the demo's frames and steps")
    parser.add_argument("--control-steps", type=int, default=200, help="training steps on images without objects")
    options = parser.parse_args()
    if options.out is not None and options.out.exists() and any(options.out.iterdir()):
        parser.error(f"--out {options.out}: not empty; a demo that goes on would seem faster than it is")
    with ExitStack() as stack:
        folder = options.out or stack.enter_context(scratch())
        found = run(folder, options.scale, options.control_steps)
    return report("the demo, and what must fail its test", found, TARGETS if options.scale == 1 else (), options.json)


if __name__ == "__main__":
    raise SystemExit(main())
