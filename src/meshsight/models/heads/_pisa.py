"""Builds PISA's head: RetinaNet's, with its positives weighted by how much the evaluation will hear of them.

Of the anchors that learn an object, the best placed decides about it ("prime sample"). ISR-P ranks the positives of a
class, the best of every object first, and weighs their class loss by rank; CARL adds a box loss weighted by the score,
whose gradient lifts the scores of the well placed. Equal to mmdetection 3.3's PISARetinaHead (`tests/golden`).

Shapes: p positives of the batch, c classes.
"""

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from meshsight.models.anchor_head import AnchorOutputs
from meshsight.models.batch import Targets
from meshsight.models.boxes import paired_iou
from meshsight.models.heads._retina import Positives, RetinaHead
from meshsight.models.heads.pisa import Spec
from meshsight.models.parts import FeatureSpec
from meshsight.models.sharing import batch_rows, batch_sum, batch_total, images_before


class PisaHead(RetinaHead):
    """Positives count by rank."""

    def __init__(self, spec: Spec, inputs: tuple[FeatureSpec, ...], num_classes: int):
        super().__init__(spec, inputs, num_classes)
        self.spec: Spec = spec

    def loss(self, raw: AnchorOutputs, targets: Targets, size_hw: tuple[int, int]) -> dict[str, Float[Tensor, ""]]:
        """Returns the terms `class`, `box` and `prime_box`, divided by the positives, at least one an image."""
        owners, positives = self._assign(raw, targets, size_hw)
        normaliser = batch_total((owners >= 0).sum(dim=1).clamp(min=1).sum().float())
        class_losses = self._class_losses(raw, owners, positives)
        box_losses = self._box_losses(raw, positives)
        weights = torch.ones_like(class_losses[..., :1])
        own = class_losses[positives.image, positives.anchor].detach().sum(dim=1)
        weights[positives.image, positives.anchor, 0] = self._rank_weights(raw, positives, own)
        prime = (self._score_weights(raw, positives) * box_losses).sum()
        terms = {"class": (class_losses * weights).sum(), "box": box_losses.sum(), "prime_box": prime}
        return {name: term / normaliser for name, term in terms.items()}

    def _rank_weights(
        self, raw: AnchorOutputs, positives: Positives, losses: Float[Tensor, " p"]
    ) -> Float[Tensor, " p"]:
        """Returns the class weights of ISR-P among the whole batch; they leave the sum of the losses as it was."""
        found = self.boxes(positives.anchor_boxes, raw.deltas[positives.image, positives.anchor].detach())
        objects = (images_before(len(raw.deltas)) + positives.image) * raw.deltas.shape[1] + positives.owner
        columns = paired_iou(found, positives.boxes), positives.class_ids, objects, losses
        rows, own = batch_rows(torch.stack([column.double() for column in columns], dim=1))
        if not len(rows):
            return losses
        iou, class_ids, objects, costs = rows[:, 0].float(), rows[:, 1].long(), rows[:, 2].long(), rows[:, 3]
        ranks = hierarchical_ranks(iou, class_ids, objects)
        most = int(class_ids.bincount().max())
        weights = (most - ranks).float() / most
        weights = (self.spec.rank_bias + (1 - self.spec.rank_bias) * weights) ** self.spec.rank_power
        return weights[own] * (costs.sum() / (costs * weights).sum()).float()

    def _score_weights(self, raw: AnchorOutputs, positives: Positives) -> Float[Tensor, " p"]:
        """Returns the box weights of CARL, 1 on average over the batch; they carry a gradient to the scores."""
        scores = raw.class_logits[positives.image, positives.anchor, positives.class_ids].sigmoid()
        weights = (self.spec.score_bias + (1 - self.spec.score_bias) * scores) ** self.spec.score_power
        count, total = batch_sum(torch.stack([torch.ones_like(weights).sum(), weights.sum()]))
        return weights * (count / total.clamp(min=torch.finfo(total.dtype).tiny))


def hierarchical_ranks(
    iou: Float[Tensor, " p"], class_ids: Int64[Tensor, " p"], objects: Int64[Tensor, " p"]
) -> Int64[Tensor, " p"]:
    """Ranks the positives of each class from 0: first the best of every object by IoU, then the second best, and so on.

    Args:
        iou: of the predicted box with its object.
        class_ids: class of each.
        objects: a number that each object has for its own.
    """
    within = _rank_by(iou, objects)
    most = int(class_ids.bincount().max())
    return _rank_by(iou.double() + (most - within), class_ids)


def _rank_by(values: Float[Tensor, " p"], groups: Int64[Tensor, " p"]) -> Int64[Tensor, " p"]:
    """Returns the place of each value within its group, the largest first."""
    by_value = values.argsort(descending=True, stable=True)
    order = by_value[groups[by_value].argsort(stable=True)]
    _, counts = groups[order].unique_consecutive(return_counts=True)
    starts = (counts.cumsum(0) - counts).repeat_interleave(counts)
    ranks = torch.empty_like(order)
    ranks[order] = torch.arange(len(order), device=order.device) - starts
    return ranks


def build(spec: Spec, inputs: tuple[FeatureSpec, ...], num_classes: int) -> PisaHead:
    """Builds the head for a neck's levels, which must be equally wide."""
    return PisaHead(spec, inputs, num_classes)
