"""YOLOX-s and the small detector beside ultralytics' YOLO11 s and n: a training step, and detections in one picture.

The peer is under the AGPL, so it lives in an environment of its own, which is thrown away afterwards:

    python -m venv /tmp/peer
    /tmp/peer/bin/pip install ultralytics
    python benchmarks/yolo11.py --peer-python /tmp/peer/bin/python

Each side is a process of its own with one thread, started once and told to do one step or one picture at a time; sides
take turns. Both have weights from scratch, equal input, batch, precision (float32), 80 classes and objects. A step is
forward, losses, backward and SGD; a picture goes from memory to boxes. The ratios are of processor time, told by the
process that worked.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from measuring import Target, arguments, median_ratio, progress, report, run_single_threaded, worker_environment

PAIRS = {"yolox_s": "yolo11s.yaml", "small": "yolo11n.yaml"}
TASKS = ("step", "picture")
TARGETS = tuple(Target(figure=f"{name}_{task}_ratio", limit=1.0) for name in PAIRS for task in TASKS)

PEER = """
import json, os, sys, time
import numpy as np, torch
talk = os.fdopen(os.dup(1), "w", buffering=1)  # the library prints to stdout
os.dup2(2, 1)
from ultralytics import YOLO
from ultralytics.cfg import get_cfg
name, size, batch = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(1)
yolo = YOLO(name)
network = yolo.model
network.args = get_cfg()
rng = np.random.default_rng(0)
images = torch.from_numpy(rng.integers(0, 256, (batch, 3, size, size), np.uint8)).float() / 255
boxes = torch.from_numpy(rng.uniform(0.2, 0.8, (batch * 7, 4)).astype(np.float32))
boxes[:, 2:] = boxes[:, 2:] / 3
targets = {"img": images, "batch_idx": torch.arange(batch).repeat_interleave(7).float(),
           "cls": torch.from_numpy(rng.integers(0, 80, (batch * 7, 1))).float(), "bboxes": boxes}
optimiser = torch.optim.SGD(network.parameters(), lr=1e-4, momentum=0.9, nesterov=True)
picture = rng.integers(0, 256, (size, size, 3), np.uint8)
def step():
    network.train()
    loss = network(targets)[0].sum()
    loss.backward()
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)
finder = YOLO(name)
def look():
    finder.predict(picture, imgsz=size, device="cpu", verbose=False, conf=0.01)
calls = {"step": step, "picture": look}
print(json.dumps({"parameters": sum(p.numel() for p in network.parameters())}), file=talk)
for line in sys.stdin:
    start = time.process_time()
    calls[line.strip()]()
    print(json.dumps({"cpu_s": time.process_time() - start}), file=talk)
"""

OURS = """
import json, os, sys, time
import numpy as np, torch
from meshsight.models.batch import Targets
from meshsight.models.build import build_detector
from meshsight.presets.small import small_detector
from meshsight.presets.yolox import yolox_detector
from meshsight.training.predictor import TorchDetector
name, size, batch = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(1)
spec = yolox_detector(0.33, 0.5) if name == "yolox_s" else small_detector()
network = build_detector(spec, 80, is_pretrained=False)
detector = TorchDetector(network, tuple(map(str, range(80))), (size, size), torch.device("cpu"))
network = detector.network
rng = np.random.default_rng(0)
images = torch.from_numpy(rng.integers(0, 256, (batch, 3, size, size), np.uint8)).to(memory_format=torch.channels_last)
middle, sides = rng.uniform(0.2, 0.8, (batch, 7, 2)), rng.uniform(0.2, 0.8, (batch, 7, 2)) / 3
boxes = torch.from_numpy(np.concatenate([middle - sides / 2, middle + sides / 2], axis=2).astype(np.float32) * size)
ids = torch.from_numpy(rng.integers(0, 80, (batch, 7)))
targets = Targets(boxes, ids, torch.zeros((batch, 7), dtype=torch.bool))
optimiser = torch.optim.SGD(network.parameters(), lr=1e-4, momentum=0.9, nesterov=True)
picture = rng.integers(0, 256, (size, size, 3), np.uint8)
def step():
    network.train()
    losses = network.loss(network(images.float()), targets, (size, size))
    torch.stack(list(losses.values())).sum().backward()
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)
def look():
    network.eval()
    detector.predict([picture])
calls = {"step": step, "picture": look}
print(json.dumps({"parameters": sum(p.numel() for p in network.parameters())}), flush=True)
for line in sys.stdin:
    start = time.process_time()
    calls[line.strip()]()
    print(json.dumps({"cpu_s": time.process_time() - start}), flush=True)
"""


class Side:
    """A process that does one thing at a time when it is told to."""

    def __init__(self, python: Path, code: str, name: str, options: argparse.Namespace) -> None:
        self._process = subprocess.Popen(
            [str(python), "-c", code, name, str(options.size), str(options.batch)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=worker_environment(1),
            text=True,
        )
        self.parameters = int(self._hear()["parameters"])

    def cpu_s(self, task: str) -> float:
        """Does a task once and returns its processor time."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{task}\n")
        self._process.stdin.flush()
        return self._hear()["cpu_s"]

    def _hear(self) -> dict[str, float]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"a side ended with exit code {self._process.wait()}")
        return json.loads(line)

    def end(self) -> None:
        """Lets it go."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)


class Pair(NamedTuple):
    """Ours and theirs."""

    ours: Side
    theirs: Side


def main() -> int:
    """Measures and prints."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--peer-python", required=True, type=Path, help="a Python that has ultralytics")
    parser.add_argument("--size", type=int, default=320, help="side of the input, a multiple of 32")
    parser.add_argument("--batch", type=int, default=8, help="images of a step")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each side, after one to warm up")
    options = parser.parse_args()
    run_single_threaded()
    found: dict[str, float | int | str | None] = {"size_px": options.size, "batch": options.batch}
    for name, theirs in PAIRS.items():
        progress(f"{name} beside {theirs}")
        pair = Pair(Side(Path(sys.executable), OURS, name, options), Side(options.peer_python, PEER, theirs, options))
        found |= {f"{name}_parameters": pair.ours.parameters, f"{name}_peer_parameters": pair.theirs.parameters}
        for task in TASKS:
            ours, peers = _take_turns(pair, task, options.rounds)
            found[f"{name}_{task}_ratio"] = median_ratio(ours, peers)
            found[f"{name}_{task}_cpu_s"] = statistics.median(ours)
            found[f"{name}_{task}_peer_cpu_s"] = statistics.median(peers)
        for side in pair:
            side.end()
    return report("YOLOX-s and small beside YOLO11 s and n", found, TARGETS, options.json)


def _take_turns(pair: Pair, task: str, rounds: int) -> tuple[list[float], list[float]]:
    for side in pair:
        side.cpu_s(task)
    rows: list[tuple[float, float]] = []
    for number in range(rounds):
        first, second = pair if number % 2 == 0 else reversed(pair)
        one, other = first.cpu_s(task), second.cpu_s(task)
        rows.append((one, other) if number % 2 == 0 else (other, one))
        time.sleep(0.1)
    return [row[0] for row in rows], [row[1] for row in rows]


if __name__ == "__main__":
    raise SystemExit(main())
