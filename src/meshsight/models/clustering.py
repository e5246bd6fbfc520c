"""DBSCAN of boxes inside a network: without a loop over boxes, so that it can be exported in batches.

A box founds a cluster if it and its neighbours weigh enough; founders that are neighbours share a cluster; any other
box with a founder among its neighbours joins it; the rest is noise (Ester et al. 1996). Clusters are found by handing
the lowest place on: from neighbour to neighbour, to the founder whose place one carries, and back from it. Its reach
grows as if by doubling (Zhang et al. 2020, arXiv 1910.05971), so `ROUNDS` are enough for any number of boxes here.

Shapes: b images, n boxes.
"""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from meshsight.models.boxes import pairwise_iou

ROUNDS = 16


class Clusters(NamedTuple):
    """One entry for each box; only those of a cluster's first box are a cluster.

    Attributes:
        boxes: the mean of the cluster's boxes by their weights.
        weight: the sum of its weights; 0 for all entries that are no cluster.
        size: boxes in it.
    """

    boxes: Float[Tensor, "b n 4"]
    weight: Float[Tensor, "b n"]
    size: Float[Tensor, "b n"]


def cluster(
    boxes: Float[Tensor, "b n 4"],
    weights: Float[Tensor, "b n"],
    class_ids: Int64[Tensor, "b n"],
    eps: float,
    min_weight: float,
) -> Clusters:
    """Clusters the boxes of each image and class.

    Args:
        boxes: xyxy.
        weights: of the boxes; those of weight 0 take no part.
        class_ids: boxes of different classes are no neighbours.
        eps: boxes with an IoU of at least one minus this are neighbours.
        min_weight: what a founder and its neighbours weigh together.
    """
    labels, is_member = label_clusters(boxes, weights, class_ids, eps, min_weight)
    places = torch.arange(boxes.shape[1], device=boxes.device)
    belongs = ((labels[:, None, :] == places[None, :, None]) & is_member[:, None, :]).float()
    share = belongs * weights[:, None, :]
    weight = share.sum(dim=-1)
    means = torch.bmm(share, boxes) / weight[..., None].clamp(min=1e-9)
    return Clusters(means, weight, belongs.sum(dim=-1))


def label_clusters(
    boxes: Float[Tensor, "b n 4"],
    weights: Float[Tensor, "b n"],
    class_ids: Int64[Tensor, "b n"],
    eps: float,
    min_weight: float,
) -> tuple[Int64[Tensor, "b n"], Bool[Tensor, "b n"]]:
    """Returns the place of the first founder of each box's cluster, and whether it has a cluster."""
    takes_part = weights > 0
    near = (pairwise_iou(boxes, boxes) >= 1 - eps) & (class_ids[:, None, :] == class_ids[:, :, None])
    near = near & takes_part[:, None, :] & takes_part[:, :, None]
    around = torch.bmm(near.float(), weights[..., None])[..., 0]
    is_founder = takes_part & (around >= min_weight)
    count = boxes.shape[1]
    founders_near = near & is_founder[:, None, :]
    nobody = torch.full_like(class_ids, count)
    places = torch.arange(count, device=boxes.device)
    labels = torch.where(is_founder, places, nobody)
    for _ in range(ROUNDS):
        lowest = torch.where(founders_near, labels[:, None, :], count).amin(dim=-1)
        lowest = torch.where(is_founder, lowest, nobody)
        carried = labels[:, None, :] == places[None, :, None]
        told = torch.where(carried, lowest[:, None, :], count).amin(dim=-1)
        labels = torch.minimum(torch.minimum(labels, lowest), told)
        labels = torch.minimum(labels, labels.gather(1, labels.clamp(max=count - 1)))
        labels = torch.where(is_founder, labels, nobody)
    joined = torch.where(founders_near, labels[:, None, :], count).amin(dim=-1)
    labels = torch.where(is_founder, labels, joined)
    return labels, takes_part & (labels < count)
