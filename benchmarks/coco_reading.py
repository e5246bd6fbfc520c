"""Reading a COCO file of 20,000 images beside pycocotools' own load: time, and the memory that labels take.

Both sides take turns on one file of polygons, as long as COCO's own; ours finds the images, too, and checks every box.
`pass_cpu_s` is what a pass over all samples adds, each mask drawn. Memory is that of a fresh process: how far its
resident set grows beyond what it was before, at the peak, as a multiple of the file's size.
"""

import argparse
import contextlib
import io
import json
import resource
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
from measuring import (
    Target,
    arguments,
    measure,
    median_ratio,
    progress,
    report,
    run_single_threaded,
    scratch,
    take_turns,
)
from pycocotools.coco import COCO

from meshsight.core.images import write_image
from meshsight.datasets.formats.coco import CocoFormat, Spec
from meshsight.records.dataset import Dataset

SIZE_HW = (480, 640)
NUM_CLASSES = 80
TARGETS = (
    Target(figure="ratio_to_pycocotools", limit=2.0),
    Target(figure="memory_to_file", limit=3.0),
    Target(figure="memory_to_file_after_a_pass", limit=3.0),
)


def main() -> int:
    """Measures and prints."""
    options = _options()
    if options.memory_of is not None:
        sys.stdout.write(json.dumps(_memory(options.side, options.memory_of)))
        return 0
    run_single_threaded()
    with scratch() as folder:
        progress(f"writing {options.images:,} images' labels")
        file = _write_set(folder, options.images, options.annotations)
        rows = take_turns(options.rounds, lambda: _ours(folder), lambda: _theirs(file))
        ours, theirs = ([row[side].cpu_s for row in rows] for side in range(2))
        dataset = _ours(folder)
        one_pass = measure(lambda: sum(len(sample.objects) for sample in dataset.samples()))
        memory = {side: _memory_of_a_process(side, folder) for side in ("ours", "ours and a pass", "pycocotools")}
        figures: dict[str, float | int | str | None] = {
            "file_mb": file.stat().st_size / 1e6,
            "cpu_s": statistics.median(ours),
            "pycocotools_cpu_s": statistics.median(theirs),
            "ratio_to_pycocotools": median_ratio(ours, theirs),
            "pass_cpu_s": one_pass.cpu_s,
            "memory_to_file": memory["ours"],
            "memory_to_file_after_a_pass": memory["ours and a pass"],
            "pycocotools_memory_to_file": memory["pycocotools"],
        }
    return report("Reading COCO beside pycocotools", figures, TARGETS, options.json)


def _options() -> argparse.Namespace:
    parser = arguments(__doc__ or "")
    parser.add_argument("--images", type=int, default=20_000, help="images of the set")
    parser.add_argument("--annotations", type=int, default=140_000, help="annotations of the set")
    parser.add_argument("--rounds", type=int, default=5, help="loads on either side")
    parser.add_argument("--memory-of", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--side", help=argparse.SUPPRESS)
    return parser.parse_args()


def _ours(folder: Path) -> Dataset:
    return CocoFormat(Spec.model_validate({})).open(folder, None)


def _theirs(file: Path) -> COCO:
    with contextlib.redirect_stdout(io.StringIO()):
        return COCO(str(file))


def _memory_of_a_process(side: str, folder: Path) -> float:
    call = [sys.executable, __file__, "--memory-of", str(folder), "--side", side]
    return json.loads(subprocess.run(call, capture_output=True, check=True).stdout)


def _memory(side: str, folder: Path) -> float:
    """Returns how far this process grows, as a multiple of the file's size."""
    (file,) = folder.glob("*.json")
    before = psutil.Process().memory_info().rss
    if side == "pycocotools":
        kept = _theirs(file)
    else:
        kept = _ours(folder)
        if side == "ours and a pass":
            for _ in kept.samples():
                pass
    assert kept is not None
    return (_peak_bytes() - before) / file.stat().st_size


def _peak_bytes() -> int:
    """Returns the largest resident set that this process had; Linux's `ru_maxrss` would be its parent's, too."""
    status = Path("/proc/self/status")
    if status.is_file():
        (peak,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(peak.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _write_set(folder: Path, num_images: int, num_annotations: int) -> Path:
    """Writes a label file, and its images as links to one."""
    names = [f"{number:012d}.jpg" for number in range(num_images)]
    (folder / "images").mkdir()
    write_image(folder / "images" / names[0], np.zeros((*SIZE_HW, 3), np.uint8))
    for name in names[1:]:
        (folder / "images" / name).hardlink_to(folder / "images" / names[0])
    height, width = SIZE_HW
    images = [{"id": i, "file_name": name, "width": width, "height": height} for i, name in enumerate(names)]
    categories = [{"id": i, "name": f"class {i}"} for i in range(1, NUM_CLASSES + 1)]
    rows = list(_annotations(np.random.default_rng(0), num_images, num_annotations))
    file = folder / "labels.json"
    file.write_text(json.dumps({"info": {}, "images": images, "annotations": rows, "categories": categories}))
    return file


def _annotations(rng: np.random.Generator, num_images: int, count: int) -> Iterator[dict[str, object]]:
    """Yields uneven ellipses of 8 to 40 points, to a hundredth of a pixel."""
    height, width = SIZE_HW
    for number in range(1, count + 1):
        angles = np.linspace(0, 2 * np.pi, int(rng.integers(8, 41)), endpoint=False)
        reach = np.exp(rng.uniform(np.log(5), np.log(80), 2)) * rng.uniform(0.9, 1.1, (len(angles), 1))
        centre = rng.uniform([90, 90], [width - 90, height - 90])
        points = np.round(centre + reach * np.column_stack([np.cos(angles), np.sin(angles)]), 2)
        x, y = points.min(axis=0).tolist()
        w, h = np.round(points.max(axis=0) - (x, y), 2).tolist()
        yield {
            "segmentation": [points.ravel().tolist()],
            "area": round(w * h * 0.785, 2),
            "iscrowd": 0,
            "image_id": int(rng.integers(0, num_images)),
            "bbox": [x, y, w, h],
            "category_id": int(rng.integers(1, NUM_CLASSES + 1)),
            "id": number,
        }


if __name__ == "__main__":
    raise SystemExit(main())
