"""Whether a run that is killed again and again ends as one that nobody touched.

`meshsight generate` draws frames with two workers, and is killed -9 at random moments: the program itself every fourth
time, one of its workers otherwise, and started again with `--resume` whenever it is gone. The folder is then compared
with that of an unbroken run: byte for byte, or, for a renderer whose pictures are not repeatable to the bit
(`--labels-only`), label for label.
"""

import random
import subprocess
import sys
import time
from pathlib import Path

import psutil
from measuring import Target, arguments, progress, report, run_single_threaded, scratch

from meshsight.datasets.folder import RUN, open_folder
from meshsight.datasets.sample_json import sample_to_json
from meshsight.specs.recipe import dump_recipe
from meshsight.specs.scene import SceneSpec
from meshsight.workflows.verify import verify

TARGETS = (Target(figure="different_files", limit=0), Target(figure="orphans", limit=0))
SLOWEST_S = 120


QUICK = {"cycles": {"samples": 1, "denoiser": "none", "max_bounces": 1}}
"""Settings with which a renderer draws as quickly as it can: what is looked at here is what is lost."""


def recipe(renderer: str, frames: int) -> SceneSpec:
    """Returns small scenes of two objects."""
    plain = {
        "frames": frames,
        "image": {"size_hw": [64, 96], "format": "png"},
        "renderer": {"kind": renderer, **QUICK.get(renderer, {})},
        "objects": [{"name": "mug", "mesh": "builtin:mug"}, {"name": "box", "mesh": "builtin:box_parcel"}],
        "count": [1, 3],
        "environment": {"source": {"kind": "procedural", "families": ["sky"], "seeds": [0, 1]}},
    }
    return SceneSpec.model_validate(plain)


class Victim:
    """The run that is killed."""

    def __init__(self, file: Path, out: Path) -> None:
        self._out = out
        options = ["--out", str(out), "--workers", "2", "--resume", "-q"]
        self.command = [sys.executable, "-m", "meshsight.cli", "generate", str(file), *options]
        self._num_images = 0
        self.orphans = 0
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL)

    def wait_for_images(self, count: int) -> None:
        """Waits until so many images are there, and at least one more than at the last time."""
        deadline = time.monotonic() + SLOWEST_S
        count = max(count, self._num_images + 1)
        while self._num_images < count:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"no {count} images within {SLOWEST_S} s, or the run ended")
            time.sleep(0.005)
            self._num_images = sum(1 for _ in (self._out / "images").glob("[!.]*"))

    def kill(self, rng: random.Random, is_parent: bool) -> None:
        """Kills the program, whose workers must end with it, or one worker."""
        workers = psutil.Process(self.process.pid).children(recursive=True)
        if is_parent:
            self.process.kill()
            self.process.wait()
            self.orphans += len(psutil.wait_procs(workers, timeout=10)[1])
            self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL)
        elif workers:
            rng.choice(workers).kill()


def differences(one: Path, two: Path, labels_only: bool) -> int:
    """Returns how many files, or labels, of two folders differ or are in one alone."""
    if labels_only:
        left, right = ([sample_to_json(sample) for sample in open_folder(folder).samples()] for folder in (one, two))
        return abs(len(left) - len(right)) + sum(a != b for a, b in zip(left, right, strict=False))
    files = {path.relative_to(folder) for folder in (one, two) for path in folder.rglob("*") if path.is_file()}
    return sum(not _is_same(one / file, two / file) for file in files if file.parts[0] != RUN)


def _is_same(one: Path, two: Path) -> bool:
    return one.is_file() and two.is_file() and one.read_bytes() == two.read_bytes()


def main() -> int:
    """Measures and prints."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--renderer", default="raster", help="kind of renderer")
    parser.add_argument("--frames", type=int, default=200, help="frames to draw")
    parser.add_argument("--kills", type=int, default=20, help="times that something is killed")
    parser.add_argument("--seed", type=int, default=1, help="of the moments")
    parser.add_argument("--labels-only", action="store_true", help="compare labels, not bytes")
    options = parser.parse_args()
    run_single_threaded()
    rng = random.Random(options.seed)
    with scratch() as folder:
        (folder / "scene.yaml").write_text(dump_recipe(recipe(options.renderer, options.frames)))
        victim = Victim(folder / "scene.yaml", folder / "killed")
        for number in range(options.kills):
            victim.wait_for_images(number * (options.frames - 20) // options.kills)
            time.sleep(rng.uniform(0, 0.2))
            victim.kill(rng, is_parent=number % 4 == 1)
            progress(f"killed {number + 1} of {options.kills}")
        exit_code = victim.process.wait()
        again = [*victim.command[:6], str(folder / "unbroken"), *victim.command[7:]]
        subprocess.run(again, check=True, stdout=subprocess.DEVNULL)
        found = {
            "renderer": options.renderer,
            "frames": options.frames,
            "kills": options.kills,
            "exit_code": exit_code,
            "orphans": victim.orphans,
            "problems_of_verify": len(verify(folder / "killed").findings),
            "different_files": differences(folder / "killed", folder / "unbroken", options.labels_only),
        }
    return report("generate, killed again and again", found, TARGETS, options.json)


if __name__ == "__main__":
    raise SystemExit(main())
