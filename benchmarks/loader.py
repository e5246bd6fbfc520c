"""Training images with mosaic from memory to a batch: ours, ultralytics' and albumentations', one thread each.

Ultralytics is under the AGPL, so the peers live in environments of their own, which are thrown away afterwards:

    python -m venv /tmp/peer && /tmp/peer/bin/pip install ultralytics
    python -m venv /tmp/albu && /tmp/albu/bin/pip install albumentations==2.0.8
    python benchmarks/loader.py --ultralytics-python /tmp/peer/bin/python --albumentations-python ...

All sides have the same pictures with the same boxes, decoded and in memory, and do the same: four pictures in one,
scale 0.5 to 1.5, shift by up to a tenth, mirroring, a change of colours, boxes too, at 640 px. Each is a process of
its own, told to make one batch at a time; sides take turns. The ratios are of processor time, told by the process that
worked: ours over theirs.
"""

import json
import statistics
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
from measuring import Target, arguments, median_ratio, report, run_single_threaded, scratch, worker_environment

TARGETS = (Target(figure="ultralytics_ratio", limit=1.0), Target(figure="albumentations_ratio", limit=1.0))
NUM_IMAGES, NUM_BOXES = 64, 7
SIZE_WH = (640, 480)

OURS = """
import json, sys, time
from pathlib import Path
import cv2, torch
from meshsight.datasets.opening import open_dataset
from meshsight.specs.augmentation import AugmentationSpec
from meshsight.training.batches import BatchSource
from meshsight.training.images import ImageStore
from meshsight.training.labels import read_labels
torch.set_num_threads(1); cv2.setNumThreads(1)
labels = read_labels([open_dataset(Path(sys.argv[1]))], 0.0)
spec = AugmentationSpec(mosaic={}, scale=(0.5, 1.5), scale_sampling="uniform", translate=0.1)
source = BatchSource(labels=labels, images=ImageStore(1 << 31), augmentation=spec, input_hw=(640, 640),
                     batch_size=int(sys.argv[2]), num_batches=10**6, seed=0)
for index in range(len(labels)): source._augmenter._load(index, 1)
print(json.dumps({"images": len(labels)}), flush=True)
for k, line in enumerate(sys.stdin):
    start = time.process_time()
    batch, _ = source.batch(k)
    cpu_s, boxes = time.process_time() - start, int((batch.targets.class_ids >= 0).sum())
    print(json.dumps({"cpu_s": cpu_s, "boxes": boxes}), flush=True)
"""

ULTRALYTICS = """
import json, os, sys, time
talk = os.fdopen(os.dup(1), "w", buffering=1)  # the library prints to stdout
os.dup2(2, 1)
import cv2, torch
from ultralytics.cfg import get_cfg
from ultralytics.data.dataset import YOLODataset
torch.set_num_threads(1); cv2.setNumThreads(1)
hyp = get_cfg(overrides={"mosaic": 1.0, "mixup": 0.0, "translate": 0.1, "scale": 0.5, "degrees": 0.0, "imgsz": 640})
data = YOLODataset(img_path=sys.argv[1] + "/images", imgsz=640, augment=True, hyp=hyp, cache=True, rect=False,
                   batch_size=int(sys.argv[2]), task="detect", data={"names": {0: "thing", 1: "other"}, "channels": 3})
print(json.dumps({"images": len(data)}), file=talk)
at = 0
for line in sys.stdin:
    start = time.process_time()
    batch = YOLODataset.collate_fn([data[(at + i) % len(data)] for i in range(int(sys.argv[2]))])
    at += int(sys.argv[2])
    print(json.dumps({"cpu_s": time.process_time() - start, "boxes": len(batch["bboxes"])}), file=talk)
"""

ALBUMENTATIONS = """
import json, os, sys, time
os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"
talk = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)
from pathlib import Path
import cv2, numpy as np
import albumentations as A
cv2.setNumThreads(1)
samples = []
for path in sorted((Path(sys.argv[1]) / "images").glob("*.jpg")):
    image = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    rows = np.loadtxt(Path(sys.argv[1]) / "labels" / (path.stem + ".txt"), ndmin=2)
    wh = np.array(image.shape[1::-1])
    boxes = np.concatenate([(rows[:, 1:3] - rows[:, 3:] / 2) * wh, (rows[:, 1:3] + rows[:, 3:] / 2) * wh], axis=1)
    samples.append({"image": image, "bboxes": boxes.astype(np.float32), "labels": rows[:, 0].astype(int).tolist()})
steps = A.Compose([
    A.Mosaic(grid_yx=(2, 2), target_size=(640, 640), cell_shape=(640, 640), center_range=(0.25, 0.75),
             fit_mode="contain", p=1.0, fill=114),
    A.Affine(scale=(0.5, 1.5), translate_percent=(-0.1, 0.1), fill=114, p=1.0),
    A.HorizontalFlip(p=0.5),
    A.HueSaturationValue(p=1.0),
], bbox_params=A.BboxParams(format="pascal_voc", label_fields=["labels"], min_visibility=0.1))
rng = np.random.default_rng(0)
print(json.dumps({"images": len(samples)}), file=talk)
def sample(i):
    others = [samples[j] for j in rng.integers(0, len(samples), 3)]
    return steps(**samples[i % len(samples)], mosaic_metadata=others)
at = 0
for line in sys.stdin:
    start = time.process_time()
    made = [sample(at + i) for i in range(int(sys.argv[2]))]
    np.stack([each["image"] for each in made])
    at += int(sys.argv[2])
    cpu_s, boxes = time.process_time() - start, sum(len(each["bboxes"]) for each in made)
    print(json.dumps({"cpu_s": cpu_s, "boxes": boxes}), file=talk)
"""


class Side:
    """A process that makes one batch at a time when it is told to."""

    def __init__(self, python: str, code: str, folder: Path, batch: int) -> None:
        self._process = subprocess.Popen(
            [python, "-c", code, str(folder), str(batch)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(folder.parent / "said.txt").open("ab"),
            env=worker_environment(1),
            text=True,
        )
        self._said = folder.parent / "said.txt"
        assert self._hear()["images"] == NUM_IMAGES

    def make(self) -> dict[str, float]:
        """Makes a batch; returns its processor time and its number of boxes."""
        assert self._process.stdin is not None
        self._process.stdin.write("batch\n")
        self._process.stdin.flush()
        return self._hear()

    def _hear(self) -> dict[str, float]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"a side ended with {self._process.wait()}:\n{self._said.read_text()[-2000:]}")
        return json.loads(line)

    def end(self) -> None:
        """Lets it go."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)


def write_yolo(folder: Path) -> None:
    """Noise with boxes, as a YOLO folder that every side reads."""
    rng = np.random.default_rng(0)
    for name in ("images", "labels"):
        (folder / name).mkdir(parents=True)
    for index in range(NUM_IMAGES):
        small = rng.integers(0, 256, (SIZE_WH[1] // 8, SIZE_WH[0] // 8, 3), dtype=np.uint8)
        cv2.imwrite(str(folder / "images" / f"{index:04d}.jpg"), cv2.resize(small, SIZE_WH))
        middle, sides = rng.uniform(0.25, 0.75, (NUM_BOXES, 2)), rng.uniform(0.05, 0.4, (NUM_BOXES, 2))
        rows = np.concatenate([rng.integers(0, 2, (NUM_BOXES, 1)), middle, sides], axis=1)
        lines = "".join(f"{int(row[0])} {' '.join(f'{value:.6f}' for value in row[1:])}\n" for row in rows)
        (folder / "labels" / f"{index:04d}.txt").write_text(lines)
    (folder / "data.yaml").write_text(f"path: {folder}\ntrain: images\nval: images\nnames: [thing, other]\n")


def main() -> int:
    """Measures and prints."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--ultralytics-python", required=True, help="a Python that has ultralytics")
    parser.add_argument("--albumentations-python", required=True, help="a Python that has albumentations 2.0")
    parser.add_argument("--batch", type=int, default=16, help="images of a batch")
    parser.add_argument("--rounds", type=int, default=12, help="batches of either side, after two to warm up")
    options = parser.parse_args()
    run_single_threaded()
    pythons = {
        "ours": (sys.executable, OURS),
        "ultralytics": (options.ultralytics_python, ULTRALYTICS),
        "albumentations": (options.albumentations_python, ALBUMENTATIONS),
    }
    with scratch() as folder:
        write_yolo(folder / "data")
        sides = {name: Side(python, code, folder / "data", options.batch) for name, (python, code) in pythons.items()}
        rows = [{name: side.make() for name, side in sides.items()} for _ in range(options.rounds + 2)][2:]
        for side in sides.values():
            side.end()
    seconds = {name: [row[name]["cpu_s"] for row in rows] for name in sides}
    found: dict[str, float | int | str | None] = {}
    for name, times in seconds.items():
        found[f"{name}_images_per_cpu_s"] = options.batch / statistics.median(times)
        found[f"{name}_boxes_an_image"] = statistics.mean(row[name]["boxes"] for row in rows) / options.batch
        if name != "ours":
            found[f"{name}_ratio"] = median_ratio(seconds["ours"], times)
    return report("training images with mosaic, 640 px", found, TARGETS, options.json)


if __name__ == "__main__":
    raise SystemExit(main())
