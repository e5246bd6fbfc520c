"""Builds RetinaNet's head: anchors learn the object they overlap, by the focal loss.

Equal to mmdetection 3.3's RetinaHead and, with `norm: batch_per_level`, to its RetinaSepBNHead in outputs, losses and
predictions (`tests/golden`). Two deviations: there are regions to ignore, and an object that no anchor overlaps is
learnt by none of them instead of by all.

Shapes: b images, n anchors of all levels, m targets, c classes, p positives of the batch.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torchvision.ops import sigmoid_focal_loss

from meshsight.models.anchor_head import AnchorHead, AnchorOutputs, each_image
from meshsight.models.anchors import NEUTRAL, assign_by_iou
from meshsight.models.batch import Targets
from meshsight.models.heads.retina import Spec
from meshsight.models.parts import FeatureSpec
from meshsight.models.sharing import batch_total


class Positives(NamedTuple):
    """The anchors of a batch that learn an object.

    Attributes:
        image, anchor: where they are.
        owner: position of their object in the image's targets.
        class_ids: of their object.
        boxes: of their object.
        anchor_boxes: themselves.
    """

    image: Int64[Tensor, " p"]
    anchor: Int64[Tensor, " p"]
    owner: Int64[Tensor, " p"]
    class_ids: Int64[Tensor, " p"]
    boxes: Float[Tensor, "p 4"]
    anchor_boxes: Float[Tensor, "p 4"]


class RetinaHead(AnchorHead):
    """Anchors learn the object that they overlap."""

    def __init__(self, spec: Spec, inputs: tuple[FeatureSpec, ...], num_classes: int):
        super().__init__(spec, inputs, num_classes)
        self.spec = spec

    def loss(self, raw: AnchorOutputs, targets: Targets, size_hw: tuple[int, int]) -> dict[str, Float[Tensor, ""]]:
        """Returns the terms `class` and `box`, divided by the positives of the batch, at least one an image."""
        owners, positives = self._assign(raw, targets, size_hw)
        normaliser = batch_total((owners >= 0).sum(dim=1).clamp(min=1).sum().float())
        class_sum = self._class_losses(raw, owners, positives).sum()
        return {"class": class_sum / normaliser, "box": self._box_losses(raw, positives).sum() / normaliser}

    def _assign(
        self, raw: AnchorOutputs, targets: Targets, size_hw: tuple[int, int]
    ) -> tuple[Int64[Tensor, "b n"], Positives]:
        anchors = torch.cat(self.anchors(size_hw, raw.deltas.device))
        thresholds = self.spec.positive_iou, self.spec.negative_iou
        # One image at a time: all at once, the overlaps of a full-size batch would take gigabytes.
        owners = torch.stack(
            [assign_by_iou(anchors, one.boxes, one.is_ignored, *thresholds) for one in each_image(targets)]
        )
        image, anchor = torch.nonzero(owners >= 0, as_tuple=True)
        owner = owners[image, anchor]
        class_ids, boxes = targets.class_ids[image, owner], targets.boxes[image, owner]
        return owners, Positives(image, anchor, owner, class_ids, boxes, anchors[anchor])

    def _class_losses(
        self, raw: AnchorOutputs, owners: Int64[Tensor, "b n"], positives: Positives
    ) -> Float[Tensor, "b n c"]:
        wanted = torch.zeros_like(raw.class_logits)
        wanted[positives.image, positives.anchor, positives.class_ids] = 1
        losses = sigmoid_focal_loss(raw.class_logits, wanted, self.spec.focal_alpha, self.spec.focal_gamma)
        return losses * (owners != NEUTRAL)[..., None]

    def _box_losses(self, raw: AnchorOutputs, positives: Positives) -> Float[Tensor, " p"]:
        wanted = self.wanted_deltas(positives.anchor_boxes, positives.boxes)
        return self.delta_loss(raw.deltas[positives.image, positives.anchor], wanted)


def build(spec: Spec, inputs: tuple[FeatureSpec, ...], num_classes: int) -> RetinaHead:
    """Builds the head for a neck's levels, which must be equally wide."""
    return RetinaHead(spec, inputs, num_classes)
