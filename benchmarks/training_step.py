"""A training step of RetinaNet and of Faster R-CNN, both R50-FPN, beside torchvision's.

Forward, losses, backward and SGD step of both in turns in one process with one thread, on the same batch: same size,
precision, memory layout, number of classes, no frozen layer, batch normalisation in the backbone, weights from scratch.
Ours takes its extra levels as torchvision's does, so that both have equally many parameters; the proposals and samples
of Faster R-CNN are set to torchvision's numbers. torchvision's own resizing is switched off, its normalisation stays,
as ours does. The ratio is of processor time.
"""

import torch
from measuring import arguments, report, run_single_threaded
from steps import NUM_CLASSES, TARGETS, add_options, compare, learn
from torch import Tensor, nn
from torchvision.models.detection import fasterrcnn_resnet50_fpn, retinanet_resnet50_fpn

from meshsight.models.backbones import resnet
from meshsight.models.batch import Targets
from meshsight.models.build import build_detector
from meshsight.models.detectors import dense, two_stage
from meshsight.models.heads import retina
from meshsight.models.necks import fpn
from meshsight.training.precision import place

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

    def step(self, images: Tensor, targets: Targets) -> float:
        """Does one step on images in 0..255; returns the loss."""
        with torch.autocast("cpu", torch.bfloat16, enabled=self._precision == "bfloat16"):
            raw = self.network(images.float(), targets)
        height, width = images.shape[-2:]
        losses = self.network.loss(raw, targets, (height, width))
        return learn(self._optimiser, torch.stack(list(losses.values())).sum())


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

    def step(self, images: Tensor, targets: Targets) -> float:
        """Does one step on images in 0..255; returns the loss."""
        labels = targets.class_ids + self._first_class
        wanted = [{"boxes": b, "labels": c} for b, c in zip(targets.boxes, labels, strict=True)]
        with torch.autocast("cpu", torch.bfloat16, enabled=self._precision == "bfloat16"):
            losses = self.network(list(images.float() / 255), wanted)
        return learn(self._optimiser, torch.stack(list(losses.values())).sum())


def _optimiser(network: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.SGD(network.parameters(), lr=1e-4, momentum=0.9, weight_decay=1e-4)


def main() -> int:
    """Measures and prints."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--network", choices=list(SPECS), default="retinanet", help="which of the two")
    add_options(parser)
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="float32", help="of both")
    options = parser.parse_args()
    run_single_threaded()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    ours = Ours(options.network, options.precision)
    theirs = Torchvisions(options.network, options.precision, options.size)
    found = compare(ours, theirs, "torchvision", options)
    title = f"{options.network} R50-FPN, a step of {options.batch} images of {options.size} px in {options.precision}"
    return report(title, found, TARGETS, options.json)


if __name__ == "__main__":
    raise SystemExit(main())
