"""One single-threaded worker beside two: how well `generate` shares its work out.

Whole calls take turns, start-up of the workers and end of the folder included; drawn are the ten objects at 640x480 of
`generate.py`. The speed-up by the clock means something only on two idle cores, so the load is printed first. The
other figure does on a busy machine too: twice the processor time of the call with one worker over that of the call
with two is the speed-up that two free cores would allow.
"""

import os
from functools import partial
from itertools import count
from pathlib import Path

from generate import recipe
from measuring import Cost, Target, arguments, median_ratio, progress, report, run_single_threaded, scratch, take_turns

from meshsight.specs.scene import SceneSpec
from meshsight.workflows.generate import generate

TARGETS = (Target(figure="speed_up", limit=1.7, is_least=True),)


def figures(rows: list[tuple[Cost, ...]], frames: int) -> dict[str, float | int | str | None]:
    """Folds the rounds, each one call with one worker and one with two."""
    one, two = ([row[side] for row in rows] for side in range(2))
    clock = [[cost.wall_s for cost in side] for side in (one, two)]
    processor = [[cost.cpu_s for cost in side] for side in (one, two)]
    return {
        "frames": frames,
        "speed_up": median_ratio(*clock),
        "speed_up_allowed_by_cpu": 2 * median_ratio(*processor),
        "one_worker_frames_per_s": frames * median_ratio([1.0] * len(one), clock[0]),
        "two_workers_frames_per_s": frames * median_ratio([1.0] * len(two), clock[1]),
    }


def main() -> int:
    """Measures and prints."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--frames", type=int, default=200, help="frames of a call")
    parser.add_argument("--rounds", type=int, default=3, help="calls of either kind")
    options = parser.parse_args()
    run_single_threaded()
    progress(f"load average before: {os.getloadavg()[0]:.2f} on {os.cpu_count()} hardware threads")
    spec, names = recipe(options.frames), count()

    def call(workers: int, spec: SceneSpec, folder: Path) -> None:
        generate(spec, folder / str(next(names)), root=folder, workers=workers, progress=False)

    with scratch() as folder:
        rows = take_turns(options.rounds, *(partial(call, workers, spec, folder) for workers in (1, 2)))
    found = figures(rows, options.frames)
    return report("generate with one worker and with two, 640x480", found, TARGETS, options.json)


if __name__ == "__main__":
    raise SystemExit(main())
