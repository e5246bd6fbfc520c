"""One process's part of a batch: a program that a test starts once for each part.

python -m tests.contracts.shared_batch FOLDER RANK COUNT
"""

import sys
from pathlib import Path

import torch
import torch.distributed as dist
from torch import Tensor

from meshsight.models.backbones import timm
from meshsight.models.batch import Targets
from meshsight.models.build import build_detector
from meshsight.models.detector import Detector
from meshsight.models.detectors import dense, two_stage
from meshsight.models.heads import retina
from meshsight.models.necks import fpn
from meshsight.models.set_prediction.detector import QueryDetector
from meshsight.models.sharing import shared_by
from meshsight.specs.base import VariantSpec
from meshsight.specs.training import TrainSpec
from meshsight.training.precision import find_machine
from meshsight.training.processes import Processes
from meshsight.training.shared_norm import share_norms
from meshsight.training.stepping import Stepper

from .battery import DETECTORS, NUM_CLASSES, make_images, make_targets

NAMES = (
    "tiny-fpn-aligned",
    "tiny-fpn-retina-normed",
    "tiny-fpn-freeanchor",
    "tiny-fpn-pisa",
    "tiny-fpn-tood",
    "yolox",
    "yolov3",
    "coverage",
    "timm-fpn-aligned",
    "detr",
    "rt-detr-v2",
    "d-fine",
    "rf-detr",
)
"""Every loss, every kind of normalisation."""

SAMPLING = DETECTORS["two-stage"]
assert isinstance(SAMPLING, two_stage.Spec)
SHARED: dict[str, VariantSpec] = {
    **{name: DETECTORS[name] for name in NAMES},
    "retina-frozen": dense.Spec(
        backbone=timm.Spec(name="resnet10t", pretrained=False, norm="frozen"),
        neck=fpn.Spec(channels=16),
        head=retina.Spec(channels=16, num_convs=1),
    ),
    "two-stage-sampling": SAMPLING.evolve(
        proposals=SAMPLING.proposals.evolve(num_samples=64), regions=SAMPLING.regions.evolve(num_samples=16)
    ),
}
"""Detectors by name, Faster R-CNN with random samples, and RetinaNet on a backbone whose statistics rest."""

SIZE_HW = (64, 128)
IMAGES = make_images(4)
TARGETS = make_targets(
    [(0, [4, 6, 40, 50]), (2, [60, 10, 120, 60]), (0, [10, 8, 46, 52])],
    [(1, [30, 20, 70, 44])],
    [],
    [(0, [2, 2, 60, 60]), (1, [66, 4, 100, 40])],
    ignored=(2,),
)
"""The second half has fewer objects than the first, and an image without any."""

Found = dict[str, Tensor]
"""Loss terms as `loss.NAME`, gradients as `gradient.NAME`, running statistics as `buffer.NAME`."""


def dtype_of(name: str) -> torch.dtype:
    """Returns double precision, so that what differs is no rounding, where the detector can have it."""
    return torch.float32 if name.startswith("two-stage") else torch.float64


def make(name: str) -> Detector:
    """Returns one of the detectors in training mode, with the weights that everybody has."""
    torch.manual_seed(0)
    detector = build_detector(SHARED[name], NUM_CLASSES).train()
    if isinstance(detector, QueryDetector):
        with torch.no_grad():  # fresh queries are so alike that rounding decides about their order
            for part in detector.network.parameters():
                part.add_(torch.randn_like(part) * 0.1)
    return detector.to(dtype_of(name))


def findings(detector: Detector, images: Tensor, targets: Targets) -> Found:
    """Returns what one backward pass finds."""
    losses = detector.loss(detector(images, targets), targets, SIZE_HW)
    torch.stack(list(losses.values())).sum().backward()
    gradients = {f"gradient.{name}": p.grad for name, p in detector.named_parameters() if p.grad is not None}
    buffers = {f"buffer.{name}": b for name, b in detector.named_buffers() if b.is_floating_point()}
    return {**{f"loss.{name}": term.detach() for name, term in losses.items()}, **gradients, **buffers}


def main(folder: Path, rank: int, count: int) -> None:
    """Computes this part of all detectors, and has the first process write the means over the processes."""
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder / 'meeting'}", rank=rank, world_size=count)
    own = slice(rank * len(IMAGES) // count, (rank + 1) * len(IMAGES) // count)
    for name in SHARED:
        detector = make(name)
        share_norms(detector, torch.device("cpu"))
        torch.manual_seed(rank)  # the first process has the stream of one that is alone
        with shared_by(count):
            found = findings(detector, IMAGES[own].to(dtype_of(name)), Targets(*(part[own] for part in TARGETS)))
        for tensor in found.values():
            dist.all_reduce(tensor)
        if rank == 0:
            torch.save({key: tensor / count for key, tensor in found.items()}, folder / f"{name}.pt")
    statistics = apart_and_agreed(rank, count)
    if rank == 1:
        torch.save(statistics, folder / "statistics.pt")
    dist.destroy_process_group()


def apart_and_agreed(rank: int, count: int) -> list[Tensor]:
    """Returns the statistics of a network and of its average that were this process's rank before all agreed."""
    network = make("tiny-fpn-aligned").float()
    machine = find_machine("float32", torch.device("cpu"), network)
    spec = TrainSpec(detector=SHARED["tiny-fpn-aligned"], ema_decay=0.9, steps=1)
    stepper = Stepper(spec, machine, network, Processes(rank=rank, count=count))
    assert stepper.average is not None
    parts = [*stepper.network.buffers(), *stepper.average.network.buffers()]
    for part in parts:
        part.fill_(rank)
    stepper.agree()
    return parts


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
