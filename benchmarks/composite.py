"""`generate` with the composite renderer beside decoding the background and encoding the result alone.

Three textured built-in objects at 640x480 over photographs of 1920x1080 on disk, all frames recomposed from a bank
whose sprites are there already (they are taken once, before the clock runs), no sensor: what the merge stage of
CV-Bench's generator does. One process with one thread takes turns, five frames at a time, between

composite  what a worker process does from the frame's number to the written label lines: scene, sprites, ids, depth,
           silhouettes, annotation, image file;
bare       the photographs of the same frames decoded from their files, whole, by the same library (Pillow), and images
           of the result's size encoded with the same JPEG quality.

The two sides do not decode alike: a photograph that is shown at half its size or less is decoded by `composite` at
half its size, which JPEG allows, and whole by the other side, as whoever opens the file does. `ratio_reduced` compares
with a third side that decodes as `composite` does; it has no target, and says what all the rest costs.

The ratio is of processor time, which neighbours on the machine disturb least. Photographs are painted by code, written
as JPEG and far more than the picture cache holds, so that all sides decode.
"""

import argparse
import io
import json
import os
import statistics
from pathlib import Path

from measuring import Cost, Target, arguments, measure, median_ratio, progress, report, run_single_threaded, scratch

from meshsight.assets.procedural.references import draw_picture
from meshsight.core.images import encode_jpeg, read_image, reduction_for, write_image
from meshsight.datasets.run_state import RunState
from meshsight.execution.worker import Reporter
from meshsight.records.scene import BackgroundPicture, Scene
from meshsight.records.scene_json import scene_from_json
from meshsight.render.backdrop import needed_hw
from meshsight.specs.base import parse_spec
from meshsight.specs.scene import SceneSpec
from meshsight.workflows.jobs.draw_frames import FrameDrawer
from meshsight.workflows.jobs.draw_frames import Spec as JobSpec
from meshsight.workflows.shards import PART_FRAMES, Assembly

TARGETS = (Target(figure="ratio", limit=1.5),)
PHOTO_HW = (1080, 1920)
NUM_PHOTOS = 24
# Each file has many names, so that the cache of pictures, which knows them by name, spares almost no decoding.
NUM_NAMES = 40
BANK = 8
NUM_WARM = 2


def recipe(frames: int) -> SceneSpec:
    """Returns three objects a scene over photographs, recomposed from a small bank, without a sensor."""
    names = ("mug", "drill", "box_cereal", "duck")
    off = ("exposure_ev", "white_balance", "blur_sigma_px", "shot_noise", "read_noise", "jpeg_quality")
    data = {
        "frames": frames,
        "image": {"size_hw": [480, 640]},
        "objects": [{"name": name, "mesh": f"builtin:{name}"} for name in names],
        "count": 3,
        "distractors": {"count": 0},
        "backgrounds": [{"kind": "files", "files": ["photos"], "zoom": 1.0}],
        "sensor": dict.fromkeys(off),
        "renderer": {"kind": "composite", "recomposition": {"just_merge": 1.0, "bank": BANK}},
    }
    return parse_spec(SceneSpec, data, "benchmark")


def paint_photos(folder: Path) -> None:
    """Writes the photographs."""
    for number in range(NUM_PHOTOS):
        family = ("room", "foliage", "facade", "collage")[number % 4]
        picture = draw_picture(f"background:{family}/{number}")
        tiled = picture.repeat(-(-PHOTO_HW[0] // picture.shape[0]), 0).repeat(-(-PHOTO_HW[1] // picture.shape[1]), 1)
        write_image(folder / f"{number:03d}.jpg", tiled[: PHOTO_HW[0], : PHOTO_HW[1]])
        for again in range(1, NUM_NAMES):
            (folder / f"{number:03d}-{again}.jpg").hardlink_to(folder / f"{number:03d}.jpg")


class Composing:
    """The work of `generate` with one worker, in this process, one part after the other."""

    def __init__(self, spec: SceneSpec, root: Path, name: str = "set") -> None:
        out = root / name
        self._state = RunState(out)
        self.tasks = {task.key: task.spec for task in Assembly(self._state, spec.frames).tasks()}
        self._drawer = FrameDrawer(JobSpec(scene=spec, root=str(root), out=str(out)))
        self._reporter = Reporter(io.BytesIO())

    def draw(self, key: str) -> None:
        """Draws one part."""
        self._drawer.run(self.tasks[key], self._reporter)

    def scenes(self, key: str) -> list[Scene]:
        """Returns the scenes of a part that is drawn."""
        lines = self._state.read_part(int(key)) or ()
        return [scene_from_json(json.loads(line.scene), key) for line in lines]


def bare(scenes: list[Scene], root: Path, spec: SceneSpec, *, is_reduced: bool = False) -> None:
    """Decodes the backgrounds, whole or as far as is needed, and encodes as many images of the result's size."""
    height, width = spec.image.size_hw
    for scene in scenes:
        assert isinstance(scene.background, BackgroundPicture)
        needed = needed_hw(scene.background, spec.image.size_hw)
        picture = read_image(root / scene.background.ref, reduction_for(PHOTO_HW, needed) if is_reduced else 1)
        encode_jpeg(picture[:height, :width], spec.image.quality)


def run(frames: int, root: Path) -> dict[str, float | int | str | None]:
    """Fills the bank, takes turns over all parts, and returns the figures."""
    os.environ["MESHSIGHT_CACHE"] = str(root / "cache")
    paint_photos(root / "photos")
    total = frames + NUM_WARM * PART_FRAMES
    spec = recipe(total)
    filling = measure(lambda: fill_the_bank(spec, root))
    composing = Composing(spec, root)
    rows: list[tuple[Cost, Cost, Cost]] = []
    for number, key in enumerate(composing.tasks):
        made = measure(lambda key=key: composing.draw(key))
        scenes = composing.scenes(key)
        whole = measure(lambda scenes=scenes: bare(scenes, root, spec))
        rows.append((made, whole, measure(lambda scenes=scenes: bare(scenes, root, spec, is_reduced=True))))
        progress(f"part {number + 1} of {len(composing.tasks)}: {made.cpu_s / rows[-1][1].cpu_s:.2f}")
    rows = rows[NUM_WARM:]
    return {
        "frames": len(rows) * PART_FRAMES,
        "ratio": median_ratio([row[0].cpu_s for row in rows], [row[1].cpu_s for row in rows]),
        "ratio_wall": median_ratio([row[0].wall_s for row in rows], [row[1].wall_s for row in rows]),
        "ratio_reduced": median_ratio([row[0].cpu_s for row in rows], [row[2].cpu_s for row in rows]),
        "composite_ms": 1000 / PART_FRAMES * statistics.median(row[0].cpu_s for row in rows),
        "bare_ms": 1000 / PART_FRAMES * statistics.median(row[1].cpu_s for row in rows),
        "bare_reduced_ms": 1000 / PART_FRAMES * statistics.median(row[2].cpu_s for row in rows),
        "bank_s": filling.cpu_s,
    }


def fill_the_bank(spec: SceneSpec, root: Path) -> None:
    """Takes every sprite that the frames need, as an earlier run of the same recipe has done."""
    first = Composing(spec, root, "before")
    for key in first.tasks:
        first.draw(key)


def main() -> int:
    """Runs the benchmark."""
    parser: argparse.ArgumentParser = arguments("The composite renderer beside decoding and encoding alone.")
    parser.add_argument("--frames", type=int, default=100, help="frames that count")
    options = parser.parse_args()
    run_single_threaded()
    with scratch() as root:
        figures = run(options.frames, root)
    return report("composite", figures, TARGETS, options.json)


if __name__ == "__main__":
    raise SystemExit(main())
