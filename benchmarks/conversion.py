"""`convert` from COCO to YOLO and to Pascal VOC, labels only, beside supervision and datumaro.

The peers live in an environment of their own, which is thrown away afterwards:

    python -m venv /tmp/peers
    /tmp/peers/bin/pip install supervision datumaro
    python benchmarks/conversion.py --peer-python /tmp/peers/bin/python

Each side is a whole process, start and imports included, that is told to read one COCO file of many tiny images and
writes the labels of each; all find the images, none copies them. Sides take turns; figures are processor seconds.
`--folder` on a RAM disk (/dev/shm) keeps a slow disk, which all sides wait for alike, out of the figures.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from measuring import Target, arguments, median_ratio, progress, report, run_single_threaded, take_turns

from meshsight.core.images import write_image

SIZE_HW = (48, 64)
NUM_CLASSES = 80
LABEL_FILES = {"yolo": "*.txt", "voc": "*.xml"}

SUPERVISION = """
import sys
import supervision
images, labels, kind, out = sys.argv[1:]
data = supervision.DetectionDataset.from_coco(images, labels)
if kind == "yolo":
    data.as_yolo(annotations_directory_path=f"{out}/labels", data_yaml_path=f"{out}/data.yaml")
else:
    data.as_pascal_voc(annotations_directory_path=f"{out}/Annotations")
"""
DATUMARO = """
import sys
import datumaro
images, labels, kind, out = sys.argv[1:]
data = datumaro.Dataset.import_from(images.partition("/images/")[0], "coco_instances")
data.export(out, kind, save_media=False)
"""
PEERS = {"supervision": SUPERVISION, "datumaro": DATUMARO}
TARGETS = tuple(Target(figure=f"{kind}_ratio_to_{peer}", limit=1.0) for kind in LABEL_FILES for peer in PEERS)


def main() -> int:
    """Measures and prints."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--peer-python", required=True, type=Path, help="a Python that has supervision and datumaro")
    parser.add_argument("--images", type=int, default=20_000, help="images in the set")
    parser.add_argument("--boxes", type=int, default=7, help="boxes in each image")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each side")
    parser.add_argument("--folder", type=Path, help="where the set is made and written; a temporary folder by default")
    options = parser.parse_args()
    run_single_threaded()
    with tempfile.TemporaryDirectory(prefix="meshsight-benchmark-", dir=options.folder) as scratch:
        progress(f"making {options.images:,} images")
        source = _make_set(Path(scratch) / "coco", options.images, options.boxes)
        figures: dict[str, float | int | str | None] = {
            "images": options.images,
            "boxes": options.images * options.boxes,
        }
        for kind in LABEL_FILES:
            progress(f"converting to {kind}")
            sides = [
                _ours(source, kind),
                *(_theirs(options.peer_python, code, source, kind) for code in PEERS.values()),
            ]
            rows = take_turns(options.rounds, *(partial(_run, side, source, kind, options.images) for side in sides))
            ours, *theirs = ([row[index].cpu_s for row in rows] for index in range(len(sides)))
            figures[f"{kind}_s"] = statistics.median(ours)
            for peer, times in zip(PEERS, theirs, strict=True):
                figures[f"{kind}_{peer}_s"] = statistics.median(times)
                figures[f"{kind}_ratio_to_{peer}"] = median_ratio(ours, times)
    return report("COCO labels to YOLO and Pascal VOC", figures, TARGETS, options.json)


def _make_set(folder: Path, num_images: int, num_boxes: int) -> Path:
    """Writes a COCO set whose images are one file under many names."""
    rng = np.random.default_rng(0)
    height, width = SIZE_HW
    write_image(folder / "a.jpg", np.full((height, width, 3), 99, np.uint8))
    (folder / "images" / "train").mkdir(parents=True)
    images, annotations = [], []
    for index in range(1, num_images + 1):
        name = f"{index:06d}.jpg"
        os.link(folder / "a.jpg", folder / "images" / "train" / name)
        images.append({"id": index, "file_name": name, "width": width, "height": height})
        for x, y, w, h in rng.integers((0, 0, 4, 4), (40, 30, 20, 18), (num_boxes, 4)).tolist():
            row = {"id": len(annotations) + 1, "image_id": index, "category_id": int(rng.integers(1, NUM_CLASSES + 1))}
            annotations.append({**row, "bbox": [x, y, w, h], "area": w * h, "iscrowd": 0, "segmentation": []})
    (folder / "a.jpg").unlink()
    categories = [{"id": index, "name": f"class {index}", "supercategory": ""} for index in range(1, NUM_CLASSES + 1)]
    (folder / "annotations").mkdir()
    tables = {"images": images, "annotations": annotations, "categories": categories}
    (folder / "annotations" / "instances_train.json").write_text(json.dumps(tables))
    return folder


def _ours(source: Path, kind: str) -> Callable[[Path], list[str]]:
    head = [sys.executable, "-m", "meshsight.cli", "convert", str(source)]
    return lambda out: [*head, str(out), "--from", "coco", "--to", kind, "--images", "none", "-q"]


def _theirs(python: Path, code: str, source: Path, kind: str) -> Callable[[Path], list[str]]:
    places = [str(source / "images" / "train"), str(source / "annotations" / "instances_train.json")]
    return lambda out: [str(python), "-c", code, *places, kind, str(out)]


def _run(side: Callable[[Path], list[str]], source: Path, kind: str, num_images: int) -> None:
    out = source.with_name("out")
    shutil.rmtree(out, ignore_errors=True)
    subprocess.run(side(out), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    found = sum(1 for _ in out.rglob(LABEL_FILES[kind]))
    assert found >= num_images, f"{found} label files of {num_images}: {side(out)}"


if __name__ == "__main__":
    raise SystemExit(main())
