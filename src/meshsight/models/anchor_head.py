"""What RetinaNet's head and its kin share: two towers, a prediction for every anchor, and the decoding.

Subclasses say what the anchors learn. Shapes: b images, n anchors of all levels, m targets, c classes.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn

from meshsight.models.anchor_spec import AnchorHeadSpec
from meshsight.models.anchors import anchors_per_cell, apply_deltas, encode, make_anchors
from meshsight.models.batch import Targets
from meshsight.models.detector import Candidates
from meshsight.models.parts import FeatureSpec, Head, Pyramid
from meshsight.models.topk import best_candidates
from meshsight.models.towers import LevelNormTower, PlainTower, small_conv
from meshsight.specs.decoding import DecodeSpec

PRIOR_SCORE = 0.01


class AnchorOutputs(NamedTuple):
    """What the head predicts for every anchor; `meshsight.models.anchors` says in which order.

    Attributes:
        class_logits: one independent logit for each class.
        deltas: from the anchor to the box, divided by the spec's `delta_std`.
    """

    class_logits: Float[Tensor, "b n c"]
    deltas: Float[Tensor, "b n 4"]


class AnchorHead(Head):
    """A class tower and a box tower, each run over all levels."""

    def __init__(self, spec: AnchorHeadSpec, inputs: tuple[FeatureSpec, ...], num_classes: int):
        super().__init__()
        self.num_classes = num_classes
        self.strides = tuple(level.stride for level in inputs)
        self._towers = spec
        self._delta_std = spec.delta_std
        self.class_tower, self.box_tower = _tower(spec, inputs), _tower(spec, inputs)
        width = spec.channels if spec.num_convs else inputs[0].channels
        count = anchors_per_cell(spec.anchors)
        self.class_out = small_conv(width, count * num_classes, -math.log(1 / PRIOR_SCORE - 1))
        self.box_out = small_conv(width, count * 4)

    def forward(self, pyramid: Pyramid) -> AnchorOutputs:
        """Predicts for every anchor of every level."""
        logits = [by_anchor(self.class_out(level), self.num_classes) for level in self.class_tower(pyramid)]
        deltas = [by_anchor(self.box_out(level), 4) for level in self.box_tower(pyramid)]
        return AnchorOutputs(torch.cat(logits, dim=1).float(), torch.cat(deltas, dim=1).float())

    def decode(self, raw: AnchorOutputs, size_hw: tuple[int, int], spec: DecodeSpec) -> Candidates:
        """Returns the best `num_candidates` pairs of anchor and class of each level."""
        anchors = self.anchors(size_hw, raw.deltas.device)
        counts = [len(level) for level in anchors]
        levels = zip(anchors, raw.class_logits.split(counts, 1), raw.deltas.split(counts, 1), strict=True)
        found = [
            best_candidates(self.boxes(boxes.expand_as(deltas), deltas), logits.sigmoid(), spec, size_hw)
            for boxes, logits, deltas in levels
        ]
        return Candidates(*(torch.cat(parts, dim=1) for parts in zip(*found, strict=True)))

    def anchors(self, size_hw: tuple[int, int], device: torch.device) -> list[Float[Tensor, "_ 4"]]:
        """Returns the anchors of each level, in pixels."""
        return make_anchors(self._towers.anchors, size_hw, self.strides, device)

    def boxes(self, anchors: Float[Tensor, "*n 4"], deltas: Float[Tensor, "*n 4"]) -> Float[Tensor, "*n 4"]:
        """Returns the boxes that predicted deltas lead to."""
        return apply_deltas(anchors, deltas * deltas.new_tensor(self._delta_std))

    def wanted_deltas(self, anchors: Float[Tensor, "n 4"], boxes: Float[Tensor, "n 4"]) -> Float[Tensor, "n 4"]:
        """Returns the deltas that lead from anchors to boxes, as they are to be predicted."""
        return encode(anchors, boxes) / anchors.new_tensor(self._delta_std)

    def delta_loss(self, deltas: Float[Tensor, "*n 4"], wanted: Float[Tensor, "*n 4"]) -> Float[Tensor, "*n"]:
        """Returns the weighted (smooth) L1 loss of each box."""
        losses = F.smooth_l1_loss(deltas, wanted, reduction="none", beta=self._towers.box_beta)
        return self._towers.box_weight * losses.sum(dim=-1)


class ImageTargets(NamedTuple):
    """One image's targets without the padding."""

    boxes: Float[Tensor, "m 4"]
    class_ids: Int64[Tensor, " m"]
    is_ignored: Bool[Tensor, " m"]


def each_image(targets: Targets) -> Iterator[ImageTargets]:
    """Yields the targets of each image without the padding."""
    for boxes, class_ids, is_ignored in zip(*targets, strict=True):
        count = int((class_ids >= 0).sum())
        yield ImageTargets(boxes[:count], class_ids[:count], is_ignored[:count])


def _tower(spec: AnchorHeadSpec, inputs: tuple[FeatureSpec, ...]) -> nn.Module:
    if spec.norm == "none":
        return PlainTower(inputs[0].channels, spec.channels, spec.num_convs)
    return LevelNormTower(inputs, spec.channels, spec.num_convs)


def by_anchor(maps: Float[Tensor, "b _ h w"], width: int) -> Float[Tensor, "b n _"]:
    """Turns (anchor, value) channels into one row for each anchor."""
    return maps.permute(0, 2, 3, 1).reshape(maps.shape[0], -1, width)
