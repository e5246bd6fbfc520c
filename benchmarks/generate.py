"""`generate` end to end beside the bare draw of the same scenes: what labels, sensor and files cost on top.

Ten textured built-in objects at 640x480, no distractors, all else as in the default recipe: procedural backgrounds and
environments, suns with shadows, sensor, JPEG. One process with one thread takes turns, five frames at a time, between

generate  what a worker process does from the frame's number to the finished folder: scene, picture, ids, depth,
          silhouettes, sensor, annotation, image file, label and scene lines, coco.json, manifest;
bare      the raster renderer's picture of the same scenes (same shaders, shadows, environment, antialiasing), read
          back, and nothing else; what the scenes name is in memory before the clock runs;
jagged    the same without antialiasing.

The ratio is of processor time, which neighbours on the machine disturb least.
"""

import argparse
import io
import json
import statistics
from pathlib import Path

import numpy as np
from measuring import Cost, Target, arguments, measure, median_ratio, progress, report, run_single_threaded, scratch

from meshsight.assets.builtin.catalogue import list_objects
from meshsight.datasets.folder import finish_folder
from meshsight.datasets.run_state import RunState
from meshsight.execution.worker import Reporter
from meshsight.records.frame import Silhouette
from meshsight.records.scene import BackgroundPicture, Scene
from meshsight.records.scene_json import scene_from_json
from meshsight.render.renderers import raster
from meshsight.render.renderers._raster import RasterRenderer
from meshsight.specs.distributions import Constant
from meshsight.specs.scene import DistractorsSpec, ImageSpec, ObjectSpec, SceneSpec
from meshsight.workflows.frames import open_library
from meshsight.workflows.jobs.draw_frames import FrameDrawer
from meshsight.workflows.jobs.draw_frames import Spec as JobSpec
from meshsight.workflows.recipe_content import plan_of
from meshsight.workflows.shards import PART_FRAMES, Assembly

TARGETS = (Target(figure="ratio", limit=1.6), Target(figure="jagged_ms", limit=55))
NUM_OBJECTS = 10
NUM_WARM = 4


def recipe(frames: int) -> SceneSpec:
    """Returns ten objects a scene, each of another class, at 640x480."""
    names = list(list_objects())[:NUM_OBJECTS]
    return SceneSpec(
        frames=frames,
        image=ImageSpec(size_hw=(480, 640)),
        objects=tuple(ObjectSpec(name=name, mesh=f"builtin:{name}") for name in names),
        count=Constant(value=NUM_OBJECTS),
        allow_repeats=False,
        distractors=DistractorsSpec(count=Constant(value=0)),
    )


class Generating:
    """The work of `generate` with one worker, in this process, one part after the other."""

    def __init__(self, spec: SceneSpec, out: Path) -> None:
        self._plan = plan_of(spec, out)
        self._state = RunState(out)
        self._assembly = Assembly(self._state, spec.frames)
        self.tasks = {task.key: task.spec for task in self._assembly.tasks()}
        self._drawer = FrameDrawer(JobSpec(scene=spec, root=str(out), out=str(out)))
        self._reporter = Reporter(io.BytesIO())

    def draw(self, key: str) -> None:
        """Draws one part."""
        self._drawer.run(self.tasks[key], self._reporter)

    def scenes(self, key: str) -> list[Scene]:
        """Returns the scenes of a part that is drawn."""
        lines = self._state.read_part(int(key)) or ()
        return [scene_from_json(json.loads(line.scene), key) for line in lines]

    def finish(self) -> None:
        """Writes shards, `coco.json` and the manifest."""
        for key in self.tasks:
            self._assembly.add(key)
        finish_folder(self._state.folder, self._plan, self._assembly.shards)


class NoLabels:
    """Stands in for the label pass of a renderer that shall draw the picture only."""

    def draw_labels(self, size_hw: tuple[int, int], *_: object) -> tuple[np.ndarray, np.ndarray]:
        """Returns nothing seen."""
        return np.zeros(size_hw, np.int32), np.zeros(size_hw, np.float32)

    def draw_silhouettes(self, *_: object) -> tuple[Silhouette, ...]:
        """Returns none."""
        return ()

    def release(self) -> None:
        """Holds nothing."""


class BareDraw:
    """The raster renderer's picture, without labels."""

    def __init__(self, spec: SceneSpec, root: Path, *, samples: int) -> None:
        self._assets = open_library(spec, root)
        self._renderer = RasterRenderer(raster.Spec.model_validate({"samples": samples}), self._assets)
        self._renderer._labels.release()
        self._renderer._labels = NoLabels()  # pyright: ignore[reportAttributeAccessIssue]

    def prepare(self, scenes: list[Scene]) -> None:
        """Brings into memory what the scenes name."""
        for scene in scenes:
            self._assets.environment(scene.environment.ref)
            if isinstance(scene.background, BackgroundPicture):
                self._assets.image(scene.background.ref)

    def draw(self, scenes: list[Scene]) -> None:
        """Draws and reads back."""
        for scene in scenes:
            self._renderer.draw(scene)


def run(frames: int, out: Path) -> dict[str, float | int | str | None]:
    """Takes turns over all parts and returns the figures; the first parts warm up and do not count."""
    spec = recipe(frames + NUM_WARM * PART_FRAMES)
    generating = Generating(spec, out)
    bare, jagged = (BareDraw(spec, out, samples=samples) for samples in (4, 1))
    rows: list[tuple[Cost, Cost, Cost]] = []
    for number, key in enumerate(generating.tasks):
        made = measure(lambda key=key: generating.draw(key))
        scenes = generating.scenes(key)
        bare.prepare(scenes)
        jagged.prepare(scenes)
        rows.append(
            (made, measure(lambda scenes=scenes: bare.draw(scenes)), measure(lambda scenes=scenes: jagged.draw(scenes)))
        )
        progress(f"part {number + 1} of {len(generating.tasks)}: {made.cpu_s / rows[-1][1].cpu_s:.2f}")
    share = 1 / len(generating.tasks)
    ending = measure(generating.finish)
    return figures(rows[NUM_WARM:], Cost(cpu_s=ending.cpu_s * share, wall_s=ending.wall_s * share))


def figures(rows: list[tuple[Cost, Cost, Cost]], ending: Cost) -> dict[str, float | int | str | None]:
    """Folds the parts; `ending` is a part's share of the end of the folder."""
    made, bare, jagged = ([row[side] for row in rows] for side in range(3))
    made = [cost + ending for cost in made]
    return {
        "frames": len(rows) * PART_FRAMES,
        "ratio": median_ratio([cost.cpu_s for cost in made], [cost.cpu_s for cost in bare]),
        "ratio_wall": median_ratio([cost.wall_s for cost in made], [cost.wall_s for cost in bare]),
        "generate_ms": _milliseconds(made),
        "bare_ms": _milliseconds(bare),
        "jagged_ms": _milliseconds(jagged),
    }


def _milliseconds(costs: list[Cost]) -> float:
    """Returns the median of processor milliseconds for a frame."""
    return 1000 * statistics.median(cost.cpu_s for cost in costs) / PART_FRAMES


def main() -> int:
    """Measures and prints."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--frames", type=int, default=100, help="frames to measure, a multiple of 5")
    options: argparse.Namespace = parser.parse_args()
    run_single_threaded()
    with scratch() as folder:
        found = run(options.frames, folder)
    return report("generate beside a bare draw, 640x480, ten objects, one thread", found, TARGETS, options.json)


if __name__ == "__main__":
    raise SystemExit(main())
