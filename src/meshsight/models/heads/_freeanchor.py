"""Builds FreeAnchor's head: each object has a bag of anchors, and the loss asks that one of them finds and places it.

Equal to mmdetection 3.3's FreeAnchorRetinaHead in outputs, losses and predictions (`tests/golden`). One deviation:
there are regions to ignore, whose anchors learn no background.

Shapes: b images, n anchors of all levels, m objects of one image, k anchors in a bag, c classes.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Tensor

from meshsight.models.anchor_head import AnchorHead, AnchorOutputs, each_image
from meshsight.models.anchors import is_inside
from meshsight.models.batch import Targets
from meshsight.models.boxes import pairwise_iou
from meshsight.models.heads.freeanchor import Spec
from meshsight.models.parts import FeatureSpec
from meshsight.models.sharing import batch_total

TINY = 1e-12
IGNORE_IOU = 0.5


class FreeAnchorHead(AnchorHead):
    """Bags of anchors instead of an assignment."""

    def __init__(self, spec: Spec, inputs: tuple[FeatureSpec, ...], num_classes: int):
        super().__init__(spec, inputs, num_classes)
        self.spec = spec

    def loss(self, raw: AnchorOutputs, targets: Targets, size_hw: tuple[int, int]) -> dict[str, Float[Tensor, ""]]:
        """Returns `positive_bag`, a mean over objects, and `negative_bag`, a sum over them and the bag's size."""
        anchors = torch.cat(self.anchors(size_hw, raw.deltas.device))
        positive, negative = raw.deltas.sum() * 0, raw.class_logits.sum() * 0
        num_objects = 0
        for scores, deltas, one in zip(raw.class_logits.sigmoid(), raw.deltas, each_image(targets), strict=True):
            boxes, class_ids = one.boxes[~one.is_ignored], one.class_ids[~one.is_ignored]
            num_objects += len(boxes)
            if len(boxes):
                positive = positive + self._positive(anchors, scores, deltas, boxes, class_ids)
            background = self._background(anchors, deltas.detach(), boxes, class_ids)
            if bool(one.is_ignored.any()):
                background[is_inside(anchors, one.boxes[one.is_ignored], IGNORE_IOU)] = 0
            negative = negative + self._negative(scores, background)
        count = negative.new_tensor(num_objects)
        return {
            "positive_bag": positive / batch_total(count, least=1.0),
            "negative_bag": negative / batch_total(count * self.spec.bag_size, least=1.0),
        }

    def _positive(
        self,
        anchors: Float[Tensor, "n 4"],
        scores: Float[Tensor, "n c"],
        deltas: Float[Tensor, "n 4"],
        boxes: Float[Tensor, "m 4"],
        class_ids: Int64[Tensor, " m"],
    ) -> Float[Tensor, ""]:
        """Returns the summed loss of the bags: the probability of one is a mean that leans to its best anchor."""
        size = min(self.spec.bag_size, len(anchors))
        bags = pairwise_iou(boxes, anchors).topk(size, dim=1, sorted=False).indices
        wanted = self.wanted_deltas(anchors[bags].flatten(0, 1), boxes.repeat_interleave(size, dim=0))
        placed = (-self.delta_loss(deltas[bags], wanted.view(*bags.shape, 4))).exp()
        probability = scores[bags, class_ids[:, None]] * placed
        weights = 1 / (1 - probability).clamp(min=TINY)
        bag = (weights / weights.sum(dim=1, keepdim=True) * probability).sum(dim=1)
        return self.spec.focal_alpha * F.binary_cross_entropy(bag, torch.ones_like(bag), reduction="sum")

    @torch.no_grad()
    def _background(
        self,
        anchors: Float[Tensor, "n 4"],
        deltas: Float[Tensor, "n 4"],
        boxes: Float[Tensor, "m 4"],
        class_ids: Int64[Tensor, " m"],
    ) -> Float[Tensor, "n c"]:
        """Returns the probability that an anchor is background for a class: 0 where it places such an object best."""
        covered = deltas.new_zeros(self.num_classes, len(anchors))
        if len(boxes):
            iou = pairwise_iou(boxes, self.boxes(anchors, deltas))
            low = self.spec.background_iou
            high = iou.amax(dim=1, keepdim=True).clamp(min=low + TINY)
            share = ((iou - low) / (high - low)).clamp(0, 1)
            covered.scatter_reduce_(0, class_ids[:, None].expand_as(share), share, "amax")
        return 1 - covered.T

    def _negative(self, scores: Float[Tensor, "n c"], background: Float[Tensor, "n c"]) -> Float[Tensor, ""]:
        wrong = (scores * background).clamp(TINY, 1 - TINY)
        losses = wrong**self.spec.focal_gamma * F.binary_cross_entropy(wrong, torch.zeros_like(wrong), reduction="none")
        return (1 - self.spec.focal_alpha) * losses.sum()


def build(spec: Spec, inputs: tuple[FeatureSpec, ...], num_classes: int) -> FreeAnchorHead:
    """Builds the head for a neck's levels, which must be equally wide."""
    return FreeAnchorHead(spec, inputs, num_classes)
