"""Builds a dense detector: normalise, backbone, neck, head.

The loss and the decoding belong to the head, which alone knows what its numbers mean.
"""

from typing import Any

from jaxtyping import Float
from torch import Tensor

from meshsight.models.batch import Targets
from meshsight.models.detector import Candidates, Detector
from meshsight.models.detectors.dense import Spec
from meshsight.models.kinds import BACKBONE_KINDS, HEAD_KINDS, NECK_KINDS
from meshsight.models.normalise import Normalise
from meshsight.models.parts import Backbone, Head, Neck


class DenseDetector(Detector):
    """Backbone, neck and head in a row."""

    def __init__(self, spec: Spec, backbone: Backbone, neck: Neck, head: Head, num_classes: int):
        super().__init__()
        self.normalise = Normalise(spec.normalise)
        self.backbone, self.neck, self.head = backbone, neck, head
        self.decode_spec = spec.decode
        self.num_classes = num_classes
        self.stride = backbone.features[-1].stride

    def forward(self, images: Float[Tensor, "b 3 h w"], targets: Targets | None = None) -> Any:
        """Maps RGB images in 0..255 to the head's raw outputs."""
        return self.head(self.neck(self.backbone(self.normalise(images))))

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
