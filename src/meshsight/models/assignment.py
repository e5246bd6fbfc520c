"""Task-aligned assignment: which cells learn which object, and how strongly; part of step 7.

Follows TOOD (Feng et al. 2021, arXiv 2108.07755). A cell and an object fit by t = score^alpha * IoU^beta, with the
score the cell gives to the object's class and the IoU of the box it predicts. The best cells of each object learn it,
towards a soft target that is t scaled so that its largest value is the object's best IoU.

Deviation: the centre of a cell may lie outside a small object, as long as it lies within half a stride of the object's
centre; without this, an object smaller than a cell could be learnt by none.

Shapes: b images, n cells, m targets, c classes.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from meshsight.models.batch import PADDING, Targets
from meshsight.models.boxes import pairwise_iou
from meshsight.models.heads.aligned import AssignSpec


class Assignment(NamedTuple):
    """What every cell should learn.

    Attributes:
        is_positive: the cell learns an object; the fields below hold for such cells only, and are 0 elsewhere.
        is_neutral: the cell lies in an ignored region and learns nothing.
        class_ids: the object's class.
        boxes: the object's box.
        quality: soft target of the class score, in 0..1.
    """

    is_positive: Bool[Tensor, "b n"]
    is_neutral: Bool[Tensor, "b n"]
    class_ids: Int64[Tensor, "b n"]
    boxes: Float[Tensor, "b n 4"]
    quality: Float[Tensor, "b n"]


def assign_task_aligned(
    scores: Float[Tensor, "b n c"],
    boxes: Float[Tensor, "b n 4"],
    cells: tuple[Float[Tensor, "n 2"], Float[Tensor, " n"]],
    targets: Targets,
    spec: AssignSpec,
) -> Assignment:
    """Assigns the cells of a whole batch at once; nothing here carries a gradient.

    Args:
        scores: class probabilities of every cell.
        boxes: predicted boxes of every cell.
        cells: centre and stride of every cell.
        targets: the truth.
        spec: how cell and object are matched.
    """
    if targets.class_ids.shape[1] == 0:
        targets = _one_of_padding(targets)
    class_ids = targets.class_ids.clamp(min=0)
    covers = _covers(targets.boxes, cells) & (targets.class_ids != PADDING)[..., None]
    candidate = covers & ~targets.is_ignored[..., None]
    iou = pairwise_iou(targets.boxes, boxes)
    score = scores.transpose(1, 2).gather(1, class_ids[..., None].expand(-1, -1, scores.shape[1]))
    fit = torch.where(candidate, score.pow(spec.alpha) * iou.pow(spec.beta), 0.0)
    chosen = _best_cells(fit, spec.num_cells)
    owner = torch.where(chosen, iou, -1.0).argmax(dim=1)
    chosen &= owner[:, None] == torch.arange(iou.shape[1], device=iou.device)[:, None]
    is_positive = chosen.any(dim=1)
    return Assignment(
        is_positive=is_positive,
        is_neutral=(covers & targets.is_ignored[..., None]).any(dim=1) & ~is_positive,
        class_ids=class_ids.gather(1, owner) * is_positive,
        boxes=targets.boxes.gather(1, owner[..., None].expand(-1, -1, 4)) * is_positive[..., None],
        quality=_soft_targets(fit * chosen, iou * chosen),
    )


def _one_of_padding(targets: Targets) -> Targets:
    boxes, class_ids, is_ignored = targets
    return Targets(F.pad(boxes, (0, 0, 0, 1)), F.pad(class_ids, (0, 1), value=PADDING), F.pad(is_ignored, (0, 1)))


def _covers(
    boxes: Float[Tensor, "b m 4"], cells: tuple[Float[Tensor, "n 2"], Float[Tensor, " n"]]
) -> Bool[Tensor, "b m n"]:
    centres, strides = cells
    middle = (boxes[..., :2] + boxes[..., 2:]) / 2
    reach = (boxes[..., 2:] - boxes[..., :2])[..., None, :] / 2
    reach = torch.maximum(reach, strides[:, None] / 2)
    return ((centres - middle[..., None, :]).abs() < reach).all(dim=-1)


def _best_cells(fit: Float[Tensor, "b m n"], count: int) -> Bool[Tensor, "b m n"]:
    """Marks the `count` best cells of each object, of those that fit at all."""
    best, index = fit.topk(min(count, fit.shape[-1]), dim=-1)
    return torch.zeros_like(fit, dtype=torch.bool).scatter_(-1, index, best > 0)


def _soft_targets(fit: Float[Tensor, "b m n"], iou: Float[Tensor, "b m n"]) -> Float[Tensor, "b n"]:
    scale = iou.amax(dim=-1, keepdim=True) / fit.amax(dim=-1, keepdim=True).clamp(min=torch.finfo(fit.dtype).tiny)
    return (fit * scale).amax(dim=1)
