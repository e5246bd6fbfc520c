"""Builds RetinaNet's head: two shared towers, focal loss, per-level decoding.

Equal to mmdetection 3.3's RetinaHead in outputs, losses and predictions (`tests/golden`). Two deviations: there are
regions to ignore, and an object that no anchor overlaps is learnt by none of them instead of by all.

Shapes: b images, n anchors of all levels, m targets, c classes.
"""

import math
from typing import NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torchvision.ops import sigmoid_focal_loss

from meshsight.models.anchors import NEUTRAL, anchors_per_cell, apply_deltas, assign_by_iou, encode, make_anchors
from meshsight.models.batch import Targets
from meshsight.models.detector import Candidates
from meshsight.models.heads.retina import Spec
from meshsight.models.parts import FeatureSpec, Head, Pyramid
from meshsight.models.topk import best_candidates
from meshsight.specs.decoding import DecodeSpec

PRIOR_SCORE = 0.01


class RetinaOutputs(NamedTuple):
    """What the head predicts for every anchor; `meshsight.models.anchors` says in which order.

    Attributes:
        class_logits: one independent logit for each class.
        deltas: from the anchor to the box.
    """

    class_logits: Float[Tensor, "b n c"]
    deltas: Float[Tensor, "b n 4"]


def _conv(channels_in: int, channels_out: int, bias: float = 0.0) -> nn.Conv2d:
    conv = nn.Conv2d(channels_in, channels_out, 3, padding=1)
    assert conv.bias is not None
    nn.init.normal_(conv.weight, std=0.01)
    nn.init.constant_(conv.bias, bias)
    return conv


def _tower(channels_in: int, channels: int, num_convs: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for i in range(num_convs):
        layers += [_conv(channels if i else channels_in, channels), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


class RetinaHead(Head):
    """A class tower and a box tower, each run over all levels."""

    def __init__(self, spec: Spec, inputs: tuple[FeatureSpec, ...], num_classes: int):
        super().__init__()
        self.spec = spec
        self.num_classes = num_classes
        self.strides = tuple(level.stride for level in inputs)
        self.class_tower = _tower(inputs[0].channels, spec.channels, spec.num_convs)
        self.box_tower = _tower(inputs[0].channels, spec.channels, spec.num_convs)
        width = spec.channels if spec.num_convs else inputs[0].channels
        count = anchors_per_cell(spec.anchors)
        self.class_out = _conv(width, count * num_classes, -math.log(1 / PRIOR_SCORE - 1))
        self.box_out = _conv(width, count * 4)

    def forward(self, pyramid: Pyramid) -> RetinaOutputs:
        """Predicts for every anchor of every level."""
        logits = [_by_anchor(self.class_out(self.class_tower(level)), self.num_classes) for level in pyramid]
        deltas = [_by_anchor(self.box_out(self.box_tower(level)), 4) for level in pyramid]
        return RetinaOutputs(torch.cat(logits, dim=1).float(), torch.cat(deltas, dim=1).float())

    def loss(self, raw: RetinaOutputs, targets: Targets, size_hw: tuple[int, int]) -> dict[str, Float[Tensor, ""]]:
        """Returns the terms `class` and `box`, divided by the positives of the batch, at least one an image."""
        anchors = torch.cat(make_anchors(self.spec.anchors, size_hw, self.strides, raw.deltas.device))
        owners = self._owners(anchors, targets)
        normaliser = (owners >= 0).sum(dim=1).clamp(min=1).sum()
        image, anchor = torch.nonzero(owners >= 0, as_tuple=True)
        owner = owners[image, anchor]
        wanted = torch.zeros_like(raw.class_logits)
        wanted[image, anchor, targets.class_ids[image, owner]] = 1
        class_losses = sigmoid_focal_loss(raw.class_logits, wanted, self.spec.focal_alpha, self.spec.focal_gamma)
        class_sum = (class_losses * (owners != NEUTRAL)[..., None]).sum()
        away = raw.deltas[image, anchor] - encode(anchors[anchor], targets.boxes[image, owner])
        return {"class": class_sum / normaliser, "box": self.spec.box_weight * away.abs().sum() / normaliser}

    def _owners(self, anchors: Float[Tensor, "n 4"], targets: Targets) -> Int64[Tensor, "b n"]:
        # One image at a time: all at once, the overlaps of a full-size batch would take gigabytes.
        owners: list[Tensor] = []
        for boxes, class_ids, is_ignored in zip(*targets, strict=True):
            count = int((class_ids >= 0).sum())
            thresholds = self.spec.positive_iou, self.spec.negative_iou
            owners.append(assign_by_iou(anchors, boxes[:count], is_ignored[:count], *thresholds))
        return torch.stack(owners)

    def decode(self, raw: RetinaOutputs, size_hw: tuple[int, int], spec: DecodeSpec) -> Candidates:
        """Returns the best `num_candidates` pairs of anchor and class of each level."""
        anchors = make_anchors(self.spec.anchors, size_hw, self.strides, raw.deltas.device)
        counts = [len(level) for level in anchors]
        levels = zip(anchors, raw.class_logits.split(counts, 1), raw.deltas.split(counts, 1), strict=True)
        found = [
            best_candidates(apply_deltas(boxes.expand_as(deltas), deltas), logits.sigmoid(), spec, size_hw)
            for boxes, logits, deltas in levels
        ]
        return Candidates(*(torch.cat(parts, dim=1) for parts in zip(*found, strict=True)))


def _by_anchor(maps: Float[Tensor, "b _ h w"], width: int) -> Float[Tensor, "b n _"]:
    """Turns (anchor, value) channels into one row for each anchor."""
    return maps.permute(0, 2, 3, 1).reshape(maps.shape[0], -1, width)


def build(spec: Spec, inputs: tuple[FeatureSpec, ...], num_classes: int) -> RetinaHead:
    """Builds the head for a neck's levels, which must be equally wide."""
    return RetinaHead(spec, inputs, num_classes)
