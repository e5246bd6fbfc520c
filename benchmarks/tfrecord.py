"""Labels of 5,000 images from COCO to KITTI to TFRecord, beside plain copying of the files that come out.

The images are tiny and linked, so labels are what is measured: reading COCO's JSON, writing one text file an image,
reading these back, and writing shards with their check sums. Copying the same files, and making the same links, is what
the disk takes at the least. Seconds are of processor time, the system's included, which a busy machine lengthens least;
those by the clock stand beside.
"""

import json
import os
import shutil
import statistics
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from measuring import Cost, Target, arguments, measure, median_ratio, report, scratch

from meshsight.core.crc32c import crc32c
from meshsight.core.images import write_image
from meshsight.datasets.capacity import reduce_dataset
from meshsight.datasets.format import WHOLE
from meshsight.datasets.formats import kitti, tfrecord
from meshsight.datasets.opening import open_dataset
from meshsight.datasets.target import Target as Folder

SIDE_PX = 64
OBJECTS = 8
CLASSES = ("bolt", "nut", "washer")
TARGETS = (
    Target(figure="coco_to_kitti_cpu_s", limit=10),
    Target(figure="kitti_to_tfrecord_cpu_s", limit=10),
    Target(figure="crc32c_mb_per_s", limit=100, is_least=True),
)


def make_coco(folder: Path, images: int) -> None:
    """Writes a COCO set whose images are links to one."""
    rng = np.random.default_rng(0)
    write_image(folder / "one.png", rng.integers(0, 255, (SIDE_PX, SIDE_PX, 3), dtype=np.uint8))
    names = [f"{index:06d}.png" for index in range(images)]
    for name in names:
        (folder / name).hardlink_to(folder / "one.png")
    corners = rng.integers(0, SIDE_PX // 2, (images, OBJECTS, 2))
    sides = rng.integers(4, SIDE_PX // 2, (images, OBJECTS, 2))
    rows = np.concatenate([corners, sides], axis=2).tolist()
    tables = {
        "images": [{"id": i, "file_name": n, "width": SIDE_PX, "height": SIDE_PX} for i, n in enumerate(names)],
        "categories": [{"id": i, "name": name} for i, name in enumerate(CLASSES, start=1)],
        "annotations": [
            {
                "id": i * OBJECTS + k,
                "image_id": i,
                "category_id": 1 + k % len(CLASSES),
                "bbox": box,
                "area": 1,
                "iscrowd": 0,
            }
            for i, boxes in enumerate(rows)
            for k, box in enumerate(boxes)
        ],
    }
    (folder / "annotations.json").write_text(json.dumps(tables))


def convert(source: Path, out: Path, form: kitti.KittiFormat | tfrecord.TfrecordFormat) -> None:
    """Reads a data set of any kind and writes it anew."""
    dataset, _ = reduce_dataset(open_dataset(source), form.capacity)
    form.write({WHOLE: dataset}, Folder(out, "hardlink"))


def copy(source: Path, out: Path) -> None:
    """Copies labels and links images."""
    for folder, _, files in os.walk(source):
        to = out / Path(folder).relative_to(source)
        to.mkdir(parents=True)
        for name in files:
            bring = os.link if name.endswith(".png") else shutil.copyfile
            bring(Path(folder) / name, to / name)


def measure_round(folder: Path, results: Path) -> list[Cost]:
    """Returns what it costs: to KITTI, its copy, to TFRecord, its copy."""
    forms = (kitti.build(kitti.Spec()), tfrecord.build(tfrecord.Spec()))
    source, costs = folder / "coco", []
    for form in forms:
        out = results / type(form).__name__
        costs.append(measure(partial(convert, source, out, form)))
        costs.append(measure(partial(copy, out, out.with_suffix(".copy"))))
        source = out
    return costs


def side_by_side(name: str, ours: Sequence[Cost], copying: Sequence[Cost]) -> dict[str, float]:
    """Folds the rounds of one conversion."""
    processor = [[cost.cpu_s for cost in side] for side in (ours, copying)]
    return {
        f"{name}_cpu_s": statistics.median(processor[0]),
        f"{name}_by_the_clock_s": statistics.median(cost.wall_s for cost in ours),
        f"{name}_copying_cpu_s": statistics.median(processor[1]),
        f"{name}_over_copying": median_ratio(*processor),
    }


def crc_megabytes_per_second(size: int = 1 << 20) -> float:
    """Returns the speed of the check sum on an image's worth of bytes."""
    data = bytes(size)
    crc32c(data)
    return size / 1e6 / statistics.median(measure(lambda: crc32c(data)).wall_s for _ in range(9))


def main() -> int:
    """Measures and prints."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--images", type=int, default=5000, help="images of the set")
    parser.add_argument("--rounds", type=int, default=3, help="conversions of either kind")
    options = parser.parse_args()
    with scratch() as folder:
        make_coco(folder / "coco", options.images)
        rows: list[list[Cost]] = []
        for number in range(options.rounds):
            rows.append(measure_round(folder, folder / str(number)))
            shutil.rmtree(folder / str(number))  # a file may have only so many links
    to_kitti, kitti_copy, to_tfrecord, tfrecord_copy = zip(*rows, strict=True)
    found = {
        "images": options.images,
        "objects": options.images * OBJECTS,
        **side_by_side("coco_to_kitti", to_kitti, kitti_copy),
        **side_by_side("kitti_to_tfrecord", to_tfrecord, tfrecord_copy),
        "crc32c_mb_per_s": crc_megabytes_per_second(),
    }
    return report("Labels from COCO to KITTI to TFRecord", found, TARGETS, options.json)


if __name__ == "__main__":
    raise SystemExit(main())
