"""Whether the memory of a generating worker stays flat.

The job of a worker process draws the scenes of the demo as small frames, in this process, and its resident memory is
read after every part. Caches of pictures and textures fill up at first, up to fixed limits, so the first hundred frames
take less than the rest; what must be flat is the curve after the first quarter, and the slope is that of a straight
line through it.
"""

import io
import statistics

import numpy as np
import psutil
from measuring import Target, arguments, progress, report, run_single_threaded, scratch

from meshsight.execution.worker import Reporter
from meshsight.presets.demo import training_scenes
from meshsight.specs.scene import ImageSpec
from meshsight.workflows.jobs.draw_frames import FrameDrawer, PartSpec
from meshsight.workflows.jobs.draw_frames import Spec as JobSpec

TARGETS = (Target(figure="slope_mib_per_1000_frames", limit=20),)
PART = 5
MIB = 1 << 20


def main() -> int:
    """Measures and prints."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--frames", type=int, default=1000, help="frames to draw")
    parser.add_argument("--side", type=int, default=96, help="side of a frame in pixels")
    options = parser.parse_args()
    run_single_threaded()
    spec = training_scenes().evolve(frames=options.frames, image=ImageSpec(size_hw=(options.side, options.side)))
    process, reporter, sizes = psutil.Process(), Reporter(io.BytesIO()), []
    with scratch() as folder:
        drawer = FrameDrawer(JobSpec(scene=spec, root=str(folder), out=str(folder)))
        for first in range(0, options.frames, PART):
            drawer.run(PartSpec(first=first, stop=first + PART).model_dump(), reporter)
            sizes.append(process.memory_info().rss / MIB)
            if first % 100 == 0:
                progress(f"frame {first}: {sizes[-1]:.0f} MiB")
    hundred, quarter = 100 // PART, len(sizes) // 4
    slope = np.polyfit(PART * np.arange(quarter, len(sizes)), sizes[quarter:], 1)[0]
    found = {
        "frames": options.frames,
        "first_hundred_mib": statistics.median(sizes[:hundred]),
        "hundred_after_first_quarter_mib": statistics.median(sizes[quarter : quarter + hundred]),
        "last_hundred_mib": statistics.median(sizes[-hundred:]),
        "slope_mib_per_1000_frames": 1000 * float(slope),
    }
    return report("memory of a generating worker", found, TARGETS, options.json)


if __name__ == "__main__":
    raise SystemExit(main())
