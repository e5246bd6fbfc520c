"""TOOD's two assignments, of one image: ATSS at the beginning, task-aligned later; parts of step 7.

Both equal mmdetection's. The task-aligned one differs from `meshsight.models.assignment` in that the best cells are
taken from the whole image, and those outside the object fall away afterwards. Deviation: an object in which no cell's
point lies, which nothing would learn, may be learnt by the cells within half a stride of its centre.

Shapes: n cells of all levels, m objects, c classes.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from meshsight.models.boxes import pairwise_iou

PRIOR_STRIDES = 8.0
"""Side of the square around each cell that ATSS compares with the objects, in strides."""
MARGIN_PX = 0.01
"""How far inside an object a cell's point must lie."""


class CellOwners(NamedTuple):
    """Which object each cell learns.

    Attributes:
        owner: index of the object; -1 for none.
        quality: soft target of the object's class, 0 for none.
    """

    owner: Int64[Tensor, " n"]
    quality: Float[Tensor, " n"]


def assign_atss(
    points: Float[Tensor, "n 2"], strides: Float[Tensor, " n"], boxes: Float[Tensor, "m 4"], num_cells: int
) -> CellOwners:
    """Assigns by adaptive training sample selection, Zhang et al. 2020 (arXiv 1912.02424); the quality is 1.

    The `num_cells` points of each level that are nearest to an object's centre are its candidates. Those learn it whose
    square prior overlaps it by at least the mean plus the standard deviation over all candidates, and whose point lies
    in it.
    """
    half = strides[:, None] * PRIOR_STRIDES / 2
    iou = pairwise_iou(boxes, torch.cat([points - half, points + half], dim=1))
    distances = torch.cdist((boxes[:, :2] + boxes[:, 2:]) / 2, points)
    sizes = strides.unique_consecutive(return_counts=True)[1].tolist()
    nearest = _nearest_of_each(distances, sizes, num_cells)
    of_candidates = iou.gather(1, nearest)
    threshold = of_candidates.mean(dim=1) + of_candidates.std(dim=1)
    is_candidate = torch.zeros_like(iou, dtype=torch.bool).scatter_(1, nearest, of_candidates >= threshold[:, None])
    owner = _best_owner(is_candidate & _inside(points, strides, boxes), iou)
    return CellOwners(owner, (owner >= 0).float())


def assign_aligned(
    cells: tuple[Float[Tensor, "n 2"], Float[Tensor, " n"]],
    scores: Float[Tensor, "n m"],
    predicted: Float[Tensor, "n 4"],
    boxes: Float[Tensor, "m 4"],
    powers: tuple[float, float],
    num_cells: int,
) -> CellOwners:
    """Assigns by alignment t = score^alpha * IoU^beta; the quality is t, scaled to the best IoU of its object.

    Args:
        cells: their points and strides.
        scores: that each cell gives to each object's class.
        predicted: boxes of the cells.
        boxes: of the objects.
        powers: alpha and beta.
        num_cells: for each object, at most.
    """
    points, strides = cells
    iou = pairwise_iou(boxes, predicted)
    alignment = scores.T ** powers[0] * iou ** powers[1]
    best, index = alignment.topk(min(num_cells, len(points)), dim=1)
    is_candidate = torch.zeros_like(iou, dtype=torch.bool).scatter_(1, index, best > 0)
    owner = _best_owner(is_candidate & _inside(points, strides, boxes), iou)
    learns = owner == torch.arange(len(boxes), device=owner.device)[:, None]
    own_alignment = alignment * learns
    scale = (iou * learns).amax(dim=1, keepdim=True) / (own_alignment.amax(dim=1, keepdim=True) + 1e-7)
    return CellOwners(owner, (own_alignment * scale).amax(dim=0))


def _nearest_of_each(distances: Float[Tensor, "m n"], sizes: Sequence[int], count: int) -> Int64[Tensor, "m _"]:
    """Returns the nearest `count` cells of each level for each object."""
    found: list[Tensor] = []
    start = 0
    for level in distances.split(list(sizes), dim=1):
        found.append(level.topk(min(count, level.shape[1]), dim=1, largest=False).indices + start)
        start += level.shape[1]
    return torch.cat(found, dim=1)


def _inside(
    points: Float[Tensor, "n 2"], strides: Float[Tensor, " n"], boxes: Float[Tensor, "m 4"]
) -> Bool[Tensor, "m n"]:
    margins = torch.cat([points - boxes[:, None, :2], boxes[:, None, 2:] - points], dim=-1)
    is_inside = margins.amin(dim=-1) > MARGIN_PX
    middles = (boxes[:, None, :2] + boxes[:, None, 2:]) / 2
    is_near = (points - middles).abs().amax(dim=-1) <= strides / 2
    return torch.where(is_inside.any(dim=1, keepdim=True), is_inside, is_near)


def _best_owner(is_candidate: Bool[Tensor, "m n"], iou: Float[Tensor, "m n"]) -> Int64[Tensor, " n"]:
    """Gives a cell that several objects want to the one with the highest IoU."""
    overlap, owner = torch.where(is_candidate, iou, -1.0).max(dim=0)
    return torch.where(overlap >= 0, owner, -1)
