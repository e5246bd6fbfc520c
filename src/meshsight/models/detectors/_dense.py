"""Builds a dense detector: normalise, backbone, neck, head.

The loss and the decoding belong to the head, which alone knows what its numbers mean.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from meshsight.models.batch import Targets
from meshsight.models.detector import Candidates, Detector
from meshsight.models.detectors.dense import Spec
from meshsight.models.kinds import BACKBONE_KINDS, HEAD_KINDS, NECK_KINDS
from meshsight.models.parts import Backbone, Head, Neck

MEAN_AND_STD = {
    "imagenet": ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375)),
    "unit": ((0.0, 0.0, 0.0), (255.0, 255.0, 255.0)),
    "none": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
}
"""Of RGB in 0..255."""


class DenseDetector(Detector):
    """Backbone, neck and head in a row."""

    def __init__(self, spec: Spec, backbone: Backbone, neck: Neck, head: Head, num_classes: int):
        super().__init__()
        self.backbone, self.neck, self.head = backbone, neck, head
        self.decode_spec = spec.decode
        self.num_classes = num_classes
        self.stride = backbone.features[-1].stride
        mean, std = (torch.tensor(values).reshape(3, 1, 1) for values in MEAN_AND_STD[spec.normalise])
        self.scale: Tensor
        self.shift: Tensor
        self.register_buffer("scale", 1 / std, persistent=False)
        self.register_buffer("shift", -mean / std, persistent=False)

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Any:
        """Maps RGB images in 0..255 to the head's raw outputs."""
        # One pass over the image; subtracting and dividing took a tenth of the small detector's whole training step.
        normalised = torch.addcmul(self.shift, images, self.scale)
        return self.head(self.neck(self.backbone(normalised)))

    def set_progress(self, share: float) -> None:
        """Passes it on to the head."""
        self.head.set_progress(share)

    def loss(self, raw: Any, targets: Targets, size_hw: tuple[int, int]) -> dict[str, Float[Tensor, ""]]:
        """Returns the head's weighted loss terms."""
        return self.head.loss(raw, targets, size_hw)

    def decode(self, raw: Any, size_hw: tuple[int, int]) -> Candidates:
        """Returns the best candidates of each image, before suppression."""
        return self.head.decode(raw, size_hw, self.decode_spec)


def build(spec: Spec, num_classes: int, is_pretrained: bool) -> DenseDetector:
    """Puts the parts together, each told what the one before it gives."""
    backbone = BACKBONE_KINDS.builder(spec.backbone.kind)(spec.backbone, is_pretrained)
    neck = NECK_KINDS.builder(spec.neck.kind)(spec.neck, backbone.features)
    head = HEAD_KINDS.builder(spec.head.kind)(spec.head, neck.features, num_classes)
    return DenseDetector(spec, backbone, neck, head, num_classes)
