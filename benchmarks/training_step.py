"""A training step of RetinaNet and of Faster R-CNN, both R50-FPN, beside torchvision's.

Forward, losses, backward and SGD step of both in turns in one process with one thread, on the same batch: same size,
precision, memory layout, number of classes, no frozen layer, batch normalisation in the backbone, weights from scratch.
Ours takes its extra levels as torchvision's does, so that both have equally many parameters; the proposals and samples
of Faster R-CNN are set to torchvision's numbers. torchvision's own resizing is switched off, its normalisation stays,
as ours does. The ratio is of processor time.
"""

import statistics

import torch
from measuring import Target, arguments, median_ratio, report, run_single_threaded, take_turns
from torch import Tensor, nn
from torchvision.models.detection import fasterrcnn_resnet50_fpn, retinanet_resnet50_fpn

from meshsight.models.backbones import resnet
from meshsight.models.batch import Targets
from meshsight.models.build import build_detector
from meshsight.models.detectors import dense, two_stage
from meshsight.models.heads import retina
from meshsight.models.necks import fpn
from meshsight.training.precision import place

TARGETS = (Target(figure="ratio", limit=1.05),)
NUM_CLASSES = 80
OBJECTS_PER_IMAGE = 7
"""As in COCO, on average."""


BACKBONE = resnet.Spec(depth=50, pretrained=False)
SPECS = {
    "retinanet": dense.Spec(backbone=BACKBONE, neck=fpn.Spec(extra_levels="on_output"), head=retina.Spec()),
    "faster_rcnn": two_stage.Spec(
        backbone=BACKBONE,
        neck=fpn.Spec(first_stride=4, extra_levels="pool"),
        proposals=two_stage.ProposalSpec(num_proposals=2000),
        regions=two_stage.RegionSpec(num_readings=2),
    ),
}
THEIRS = {"retinanet": (0, retinanet_resnet50_fpn), "faster_rcnn": (1, fasterrcnn_resnet50_fpn)}
"""The number of the first class, and what builds the network; Faster R-CNN counts the background as class 0."""


class Ours:
    """Our network and its step."""

    def __init__(self, name: str, precision: str) -> None:
        spec = SPECS[name]
        self.network = place(build_detector(spec, NUM_CLASSES), torch.device("cpu")).train()
        self._optimiser = _optimiser(self.network)
        self._precision = precision

    def step(self, images: Tensor, boxes: Tensor, class_ids: Tensor) -> float:
        """Does one step on images in 0..255; returns the loss."""
        targets = Targets(boxes, class_ids, torch.zeros(class_ids.shape, dtype=torch.bool))
        with torch.autocast("cpu", torch.bfloat16, enabled=self._precision == "bfloat16"):
            raw = self.network(images.float(), targets)
        height, width = images.shape[-2:]
        losses = self.network.loss(raw, targets, (height, width))
        return _learn(self._optimiser, losses)


class Torchvisions:
    """Torchvision's network and its step."""

    def __init__(self, name: str, precision: str, size: int) -> None:
        self._first_class, builder = THEIRS[name]
        network = builder(
            weights=None,
            weights_backbone=None,
            num_classes=NUM_CLASSES + self._first_class,
            min_size=size,
            max_size=size,
            _skip_resize=True,
        )
        self.network = place(network, torch.device("cpu")).train()
        self._optimiser = _optimiser(self.network)
        self._precision = precision

    def step(self, images: Tensor, boxes: Tensor, class_ids: Tensor) -> float:
        """Does one step on images in 0..255; returns the loss."""
        labels = class_ids + self._first_class
        targets = [{"boxes": b, "labels": c} for b, c in zip(boxes, labels, strict=True)]
        with torch.autocast("cpu", torch.bfloat16, enabled=self._precision == "bfloat16"):
            losses = self.network(list(images.float() / 255), targets)
        return _learn(self._optimiser, losses)


def _optimiser(network: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.SGD(network.parameters(), lr=1e-4, momentum=0.9, weight_decay=1e-4)


def _learn(optimiser: torch.optim.Optimizer, losses: dict[str, Tensor]) -> float:
    loss = torch.stack(list(losses.values())).sum()
    loss.backward()
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)
    return float(loss.detach())


def make_batch(batch: int, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """Returns noise with boxes of COCO's number, from a sixteenth to a half of the image's side."""
    rng = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (batch, 3, size, size), generator=rng, dtype=torch.uint8)
    sides = size * (1 / 16 + 7 / 16 * torch.rand(batch, OBJECTS_PER_IMAGE, 2, generator=rng))
    corners = (size - sides) * torch.rand(batch, OBJECTS_PER_IMAGE, 2, generator=rng)
    class_ids = torch.randint(0, NUM_CLASSES, (batch, OBJECTS_PER_IMAGE), generator=rng)
    return images, torch.cat([corners, corners + sides], dim=-1), class_ids


def _num_parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)


def main() -> int:
    """Measures and prints."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--network", choices=list(SPECS), default="retinanet", help="which of the two")
    parser.add_argument("--size", type=int, default=320, help="side of the input, a multiple of 32")
    parser.add_argument("--batch", type=int, default=4, help="images of a step")
    parser.add_argument("--rounds", type=int, default=5, help="steps of either network, after one to warm up")
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="float32", help="of both")
    options = parser.parse_args()
    run_single_threaded()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    batch = make_batch(options.batch, options.size)
    ours = Ours(options.network, options.precision)
    theirs = Torchvisions(options.network, options.precision, options.size)
    ours_count, theirs_count = _num_parameters(ours.network), _num_parameters(theirs.network)
    assert abs(ours_count / theirs_count - 1) < 0.01, (ours_count, theirs_count)
    first = ours.step(*batch), theirs.step(*batch)
    rows = take_turns(options.rounds, lambda: ours.step(*batch), lambda: theirs.step(*batch))
    seconds = [[row[side].cpu_s for row in rows] for side in range(2)]
    found = {
        "ratio": median_ratio(*seconds),
        "ours_cpu_s": statistics.median(seconds[0]),
        "torchvision_cpu_s": statistics.median(seconds[1]),
        "parameters_of_each": _num_parameters(ours.network),
        "first_loss_ours": first[0],
        "first_loss_torchvision": first[1],
    }
    title = f"{options.network} R50-FPN, a step of {options.batch} images of {options.size} px in {options.precision}"
    return report(title, found, TARGETS, options.json)


if __name__ == "__main__":
    raise SystemExit(main())
