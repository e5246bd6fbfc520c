"""A training step of DETR beside plain transformers: the same configuration, weights, images and objects.

Forward, matching, losses of all layers, backward and AdamW step of both in turns in one process with one thread;
ResNet-50 of timm with norms at rest and nothing else frozen, float32, no dropout, no padding, channels last in memory
on our side as in a training here. Ours makes its network of the parts of the library; what differs is the matching, the
losses and what a batch becomes on its way in. The first losses are equal; later ones drift, for transformers norms the
layers before the last twice when it is asked for the losses of all. The ratio is of processor time.
"""

import torch
from measuring import arguments, report, run_single_threaded
from steps import NUM_CLASSES, TARGETS, add_options, compare, learn
from torch import Tensor
from transformers import DetrConfig, DetrForObjectDetection

from meshsight.models.backbones import resnet
from meshsight.models.batch import Targets
from meshsight.models.build import build_detector
from meshsight.models.detectors import query
from meshsight.models.queries import detr
from meshsight.models.set_prediction.region import to_shares
from meshsight.training.precision import place


class Ours:
    """Our network and its step."""

    def __init__(self) -> None:
        backbone = resnet.Spec(depth=50, pretrained=False, norm="fixed")
        spec = query.Spec(architecture=detr.Spec(backbone=backbone, dropout=0.0))
        self.network = place(build_detector(spec, NUM_CLASSES), torch.device("cpu")).train()
        self._optimiser = _optimiser(self.network)

    def step(self, images: Tensor, targets: Targets) -> float:
        """Does one step on images in 0..255; returns the loss."""
        raw = self.network(images.float(), targets)
        size_hw = (images.shape[2], images.shape[3])
        loss = torch.stack(list(self.network.loss(raw, targets, size_hw).values())).sum()
        return learn(self._optimiser, loss)


class Theirs:
    """The network of transformers and its step, from equal weights."""

    def __init__(self, ours: Ours) -> None:
        config = DetrConfig(
            backbone="resnet50",
            use_pretrained_backbone=False,
            num_labels=NUM_CLASSES,
            auxiliary_loss=True,
            dropout=0.0,
        )
        self.network = DetrForObjectDetection(config).train()
        state = ours.network.state_dict()
        renamed = {_their_name(name): tensor for name, tensor in state.items()}
        self.network.load_state_dict({name: renamed[name] for name in self.network.state_dict()})
        self._optimiser = _optimiser(self.network)
        self._mean, self._std = (
            torch.tensor(v).reshape(3, 1, 1) for v in ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))
        )

    def step(self, images: Tensor, targets: Targets) -> float:
        """Does one step on images in 0..255; returns the loss."""
        region = torch.tensor([0.0, 0.0, images.shape[3], images.shape[2]])
        labels = [
            {"class_labels": class_ids, "boxes": to_shares(boxes, region)}
            for boxes, class_ids in zip(targets.boxes, targets.class_ids, strict=True)
        ]
        return learn(self._optimiser, self.network((images.float() - self._mean) / self._std, labels=labels).loss)


def _their_name(name: str) -> str:
    for start, theirs in (
        ("backbone.network.", "model.backbone.model."),
        ("norm.", "model.decoder.layernorm."),
        ("network.", ""),
    ):
        if name.startswith(start):
            return theirs + name.removeprefix(start)
    return name


def _optimiser(network: torch.nn.Module) -> torch.optim.Optimizer:
    parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
    return torch.optim.AdamW(parameters, lr=1e-4, fused=True)


def main() -> int:
    """Measures and prints."""
    parser = arguments(__doc__ or "")
    add_options(parser)
    options = parser.parse_args()
    run_single_threaded()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    ours = Ours()
    found = compare(ours, Theirs(ours), "transformers", options)
    title = f"DETR R50, a step of {options.batch} images of {options.size} px in float32"
    return report(title, found, TARGETS, options.json)


if __name__ == "__main__":
    raise SystemExit(main())
