"""Detections of RetinaNet and Faster R-CNN R50-FPN beside torchvision's, from pictures in memory to boxes.

Both sides have the same weights: ours are torchvision's random ones, imported. Pictures have the size of the network's
input, so that neither resizes; normalisation, suppression and the way back to pictures count. One thread, float32, one
picture at a time. The ratio is of processor time.
"""

import statistics
import tempfile
from pathlib import Path

import numpy as np
import torch
from measuring import Target, arguments, median_ratio, progress, report, run_single_threaded, take_turns
from torchvision.models.detection import fasterrcnn_resnet50_fpn, retinanet_resnet50_fpn

from meshsight.core.images import RgbImage
from meshsight.models.build import build_detector
from meshsight.models.importing.checkpoint import read_checkpoint
from meshsight.models.importing.convert import convert
from meshsight.training.predictor import TorchDetector

NUM_CLASSES = 81
"""With torchvision's background, which ours leaves out."""
FAMILIES = {"retinanet": retinanet_resnet50_fpn, "faster_rcnn": fasterrcnn_resnet50_fpn}
TARGETS = tuple(Target(figure=f"{family}_ratio", limit=1.05) for family in FAMILIES)


def main() -> int:
    """Measures and prints."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--size", type=int, default=320, help="side of the pictures, a multiple of 32")
    parser.add_argument("--rounds", type=int, default=7, help="pictures, after one to warm up")
    options = parser.parse_args()
    run_single_threaded()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    picture = np.random.default_rng(0).integers(0, 256, (options.size, options.size, 3), np.uint8)
    found: dict[str, float | int | str | None] = {"size_px": options.size}
    for family in FAMILIES:
        progress(family)
        theirs = _theirs(family, options.size)
        with tempfile.TemporaryDirectory(prefix="meshsight-benchmark-") as scratch:
            ours = _ours(theirs, options.size, Path(scratch))
        calls = (lambda ours=ours: ours.predict([picture]), lambda theirs=theirs: _predict(theirs, picture))
        for call in calls:
            call()
        rows = take_turns(options.rounds, *calls)
        seconds = [[row[side].cpu_s for row in rows] for side in range(2)]
        found[f"{family}_ratio"] = median_ratio(*seconds)
        found[f"{family}_ours_cpu_s"] = statistics.median(seconds[0])
        found[f"{family}_torchvision_cpu_s"] = statistics.median(seconds[1])
    return report("Detections in one picture", found, TARGETS, options.json)


def _theirs(family: str, size: int) -> torch.nn.Module:
    return (
        FAMILIES[family](weights=None, weights_backbone=None, num_classes=NUM_CLASSES, min_size=size, max_size=size)
        .eval()
        .to(memory_format=torch.channels_last)
    )


def _ours(theirs: torch.nn.Module, size: int, folder: Path) -> TorchDetector:
    torch.save(theirs.state_dict(), folder / "weights.pth")
    imported = convert(read_checkpoint(folder / "weights.pth"), classes=None, head=None)
    network = build_detector(imported.spec, len(imported.classes), is_pretrained=False)
    network.load_state_dict(imported.state)
    return TorchDetector(network, imported.classes, (size, size), torch.device("cpu"))


@torch.inference_mode()
def _predict(network: torch.nn.Module, picture: RgbImage) -> object:
    image = torch.from_numpy(picture).permute(2, 0, 1).float() / 255
    return [{name: value.numpy() for name, value in found.items()} for found in network([image])]


if __name__ == "__main__":
    raise SystemExit(main())
