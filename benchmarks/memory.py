"""Whether the memory of a generating worker stays flat, and that of the program which hands out its work.

The job of a worker process draws the scenes of the demo as small frames, in this process, and its resident memory is
read after every part. Caches of pictures and textures fill up at first, up to fixed limits, so the first hundred frames
take less than the rest; what must be flat is the curve after the first quarter, and the slope is that of a straight
line through it. The program's own account of frames and shards is kept beside, and measured as what Python allocates
for it: it grows by the checksums that the manifest will hold, and by nothing else.

With `--renderer cycles`, what Blender holds counts, too. It grows, so a new one is started every `--recycle` frames:
what must be flat is the highest point of each of these spans.
"""

import io
import statistics
import tracemalloc

import numpy as np
import psutil
from measuring import Target, arguments, progress, report, run_single_threaded, scratch

from meshsight.datasets.run_state import RunState
from meshsight.execution.worker import Reporter
from meshsight.presets.demo import training_scenes
from meshsight.specs.scene import ImageSpec
from meshsight.workflows.jobs.draw_frames import FrameDrawer, PartSpec
from meshsight.workflows.jobs.draw_frames import Spec as JobSpec
from meshsight.workflows.shards import Assembly

TARGETS = (
    Target(figure="slope_mib_per_1000_frames", limit=20),
    Target(figure="account_mib_per_1000_frames", limit=5),
)
QUICK = {"kind": "cycles", "samples": 1, "denoiser": "none", "max_bounces": 1}
PART = 5
MIB = 1 << 20


def held(process: psutil.Process) -> int:
    """Returns the resident bytes of a process and of the programs that it started."""
    return sum(each.memory_info().rss for each in (process, *process.children(recursive=True)))


def main() -> int:
    """Measures and prints."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--frames", type=int, default=5000, help="frames to draw")
    parser.add_argument("--side", type=int, default=64, help="side of a frame in pixels")
    parser.add_argument("--renderer", choices=("raster", "cycles"), default="raster", help="what draws")
    parser.add_argument("--recycle", type=int, default=500, help="frames after which a new Blender is started")
    options = parser.parse_args()
    run_single_threaded()
    spec = training_scenes().evolve(
        frames=options.frames,
        image=ImageSpec(size_hw=(options.side, options.side)),
        renderer=options.renderer if options.renderer == "raster" else {**QUICK, "recycle_frames": options.recycle},
    )
    process, reporter, sizes = psutil.Process(), Reporter(io.BytesIO()), []
    with scratch() as folder:
        drawer = FrameDrawer(JobSpec(scene=spec, root=str(folder), out=str(folder)))
        assembly = Assembly(RunState(folder), options.frames)
        account: list[float] = []
        for first in range(0, options.frames, PART):
            drawer.run(PartSpec(first=first, stop=first + PART).model_dump(), reporter)
            tracemalloc.start()
            assembly.add(str(first))
            account.append(tracemalloc.get_traced_memory()[0] / MIB)
            tracemalloc.stop()
            sizes.append(held(process) / MIB)
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
        "account_mib_per_1000_frames": 1000 * sum(account) / options.frames,
    }
    if options.renderer == "cycles":
        spans = [max(sizes[at : at + options.recycle // PART]) for at in range(0, len(sizes), options.recycle // PART)]
        found |= {"renderer": "cycles", "recycle_frames": options.recycle, "first_span_mib": spans[0]}
        found |= {"second_span_mib": spans[1], "last_span_mib": spans[-1], "highest_mib": max(sizes)}
    return report("memory of a generating worker", found, TARGETS, options.json)


if __name__ == "__main__":
    raise SystemExit(main())
