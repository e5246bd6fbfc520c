"""SimOTA, the assignment of YOLOX (Ge et al. 2021, arXiv 2107.08430), of one image; part of step 7.

Each object goes to the cells that find it cheapest: as many as its best IoUs sum up to. Equal to mmdetection's
SimOTAAssigner. Shapes: n cells of all levels, m objects, c classes, v cells that are candidates of any object.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from meshsight.models.anchor_head import ImageTargets
from meshsight.models.boxes import pairwise_iou
from meshsight.models.heads.yolox import Spec

NOT_IN_BOTH = 1e5
"""Cost of a cell that is not both in the box and near the centre of an object."""


class Matches(NamedTuple):
    """Which object each cell learns.

    Attributes:
        owner: index of the object; -1 for none.
        iou: of the predicted box with the object; 0 for none.
    """

    owner: Int64[Tensor, " n"]
    iou: Float[Tensor, " n"]


@torch.no_grad()
def assign_simota(
    cells: tuple[Float[Tensor, "n 2"], Float[Tensor, " n"]],
    scores: Float[Tensor, "n c"],
    predicted: Float[Tensor, "n 4"],
    objects: ImageTargets,
    spec: Spec,
) -> Matches:
    """Assigns the cells of an image.

    Args:
        cells: centres and strides.
        scores: probability of class and object together, for each class.
        predicted: boxes of the cells.
        objects: at least one, none of them to be ignored.
        spec: radius, numbers and weights.
    """
    in_box, near_centre = _places(cells, objects.boxes, spec.centre_radius)
    candidates = torch.nonzero((in_box | near_centre).any(dim=0)).flatten()
    owner = torch.full((len(scores),), -1, dtype=torch.int64, device=scores.device)
    overlap = scores.new_zeros(len(scores))
    iou = pairwise_iou(objects.boxes, predicted[candidates])
    one_hot = F.one_hot(objects.class_ids, scores.shape[1]).float()
    likely = scores[candidates].float().sqrt().expand(len(one_hot), -1, -1)
    class_cost = F.binary_cross_entropy(likely, one_hot[:, None].expand_as(likely), reduction="none").sum(dim=-1)
    box_cost = -(iou + 1e-8).log()
    is_far = ~(in_box & near_centre)[:, candidates]
    cost = class_cost + spec.iou_cost * box_cost + is_far * NOT_IN_BOTH
    matches = _cheapest(cost, iou, spec.num_best)
    is_matched = matches.any(dim=0)
    owner[candidates[is_matched]] = matches.int().argmax(dim=0)[is_matched]
    overlap[candidates] = (matches * iou).sum(dim=0)
    return Matches(owner, overlap)


def _places(
    cells: tuple[Float[Tensor, "n 2"], Float[Tensor, " n"]], boxes: Float[Tensor, "m 4"], radius: float
) -> tuple[Bool[Tensor, "m n"], Bool[Tensor, "m n"]]:
    """Tells which cells lie in each box, and which near its centre."""
    centres, strides = cells
    in_box = torch.cat([centres - boxes[:, None, :2], boxes[:, None, 2:] - centres], dim=-1).amin(dim=-1) > 0
    middles = (boxes[:, None, :2] + boxes[:, None, 2:]) / 2
    near_centre = ((centres - middles).abs() < radius * strides[:, None]).all(dim=-1)
    return in_box, near_centre


def _cheapest(cost: Float[Tensor, "m v"], iou: Float[Tensor, "m v"], num_best: int) -> Bool[Tensor, "m v"]:
    """Marks the cheapest cells of each object; a cell that several want goes to the object that it costs least."""
    counts = iou.topk(min(num_best, iou.shape[1]), dim=1).values.sum(dim=1).int().clamp(min=1)
    matches = torch.zeros_like(cost, dtype=torch.bool)
    for index, count in enumerate(counts.tolist()):
        matches[index, cost[index].topk(count, largest=False).indices] = True
    is_contested = matches.sum(dim=0) > 1
    winner = F.one_hot(cost.argmin(dim=0), len(cost)).T.bool()
    return torch.where(is_contested, winner, matches)
