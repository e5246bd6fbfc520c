"""Builds Faster R-CNN: backbone, neck, proposals, and what is in each of them.

The raw outputs are those of the first stage and the features; the second stage runs in the loss, on sampled proposals,
and in the decoding, on the best ones.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from meshsight.models.batch import Targets
from meshsight.models.detector import Candidates, Detector
from meshsight.models.detectors.two_stage import Spec
from meshsight.models.kinds import BACKBONE_KINDS, NECK_KINDS
from meshsight.models.normalise import Normalise
from meshsight.models.parts import Backbone, Neck, Pyramid
from meshsight.models.points import level_sizes
from meshsight.models.proposals import ProposalNetwork
from meshsight.models.regions import RegionNetwork

MAX_REGION_STRIDE = 32
"""Coarser levels of the neck serve the proposals alone."""


class TwoStageOutputs(NamedTuple):
    """What the first stage predicts, and the features for the second.

    Attributes:
        proposal_logits: that there is an object, for every anchor.
        proposal_deltas: from the anchor to the box.
        features: the cells of the levels that regions are read from, finest level first, row by row.
    """

    proposal_logits: Float[Tensor, "b n 1"]
    proposal_deltas: Float[Tensor, "b n 4"]
    features: Float[Tensor, "b f k"]


class TwoStageDetector(Detector):
    """Backbone, neck and two heads."""

    def __init__(self, spec: Spec, backbone: Backbone, neck: Neck, num_classes: int):
        super().__init__()
        self.normalise = Normalise(spec.normalise)
        self.backbone, self.neck = backbone, neck
        of_regions = tuple(level for level in neck.features if level.stride <= MAX_REGION_STRIDE)
        self.proposals = ProposalNetwork(spec.proposals, neck.features)
        self.regions = RegionNetwork(spec.regions, of_regions, num_classes)
        self.decode_spec = spec.decode
        self.num_classes = num_classes
        self.stride = backbone.features[-1].stride

    def forward(self, images: Float[Tensor, "b 3 h w"], targets: Targets | None = None) -> TwoStageOutputs:
        """Maps RGB images in 0..255 to proposals of every anchor, and features."""
        pyramid = self.neck(self.backbone(self.normalise(images)))
        logits, deltas = self.proposals(pyramid)
        levels = [level.flatten(2) for level in pyramid[: len(self.regions.strides)]]
        return TwoStageOutputs(logits, deltas, torch.cat(levels, dim=2).float())

    def loss(self, raw: TwoStageOutputs, targets: Targets, size_hw: tuple[int, int]) -> dict[str, Float[Tensor, ""]]:
        """Returns the weighted terms of both stages."""
        first = self.proposals.loss(raw.proposal_logits, raw.proposal_deltas, targets, size_hw)
        proposals = self.proposals.propose(raw.proposal_logits, raw.proposal_deltas, size_hw)
        return first | self.regions.loss(self._pyramid(raw, size_hw), proposals, targets)

    def decode(self, raw: TwoStageOutputs, size_hw: tuple[int, int]) -> Candidates:
        """Returns the best candidates of each image, before suppression."""
        proposals = self.proposals.propose(raw.proposal_logits, raw.proposal_deltas, size_hw)
        return self.regions.decode(self._pyramid(raw, size_hw), proposals, size_hw, self.decode_spec)

    def _pyramid(self, raw: TwoStageOutputs, size_hw: tuple[int, int]) -> Pyramid:
        sizes = level_sizes(size_hw, self.regions.strides)
        levels = raw.features.split([rows * columns for rows, columns in sizes], dim=2)
        return [level.unflatten(2, size) for level, size in zip(levels, sizes, strict=True)]


def build(spec: Spec, num_classes: int, is_pretrained: bool) -> TwoStageDetector:
    """Puts the parts together, each told what the one before it gives."""
    backbone = BACKBONE_KINDS.builder(spec.backbone.kind)(spec.backbone, is_pretrained)
    neck = NECK_KINDS.builder(spec.neck.kind)(spec.neck, backbone.features)
    return TwoStageDetector(spec, backbone, neck, num_classes)
