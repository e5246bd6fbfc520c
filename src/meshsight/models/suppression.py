"""Suppression of overlapping boxes inside a network: without a loop over boxes, so that it can be exported in batches.

Greedy suppression keeps a box unless a kept one of higher score overlaps it. Here that rule is applied to all boxes at
once, again and again: after r rounds every box is right whose chain of suppressors is at most r long. Chains in real
proposals are far shorter than `ROUNDS`.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from meshsight.models.boxes import pairwise_iou

ROUNDS = 32


def suppress(boxes: Float[Tensor, "b n 4"], iou: float) -> Bool[Tensor, "b n"]:
    """Tells which boxes greedy suppression keeps.

    Args:
        boxes: best first.
        iou: a box that overlaps a better kept one by more is suppressed.
    """
    overlaps = (pairwise_iou(boxes, boxes) > iou).tril(diagonal=-1).float()
    kept = torch.ones_like(boxes[..., 0])
    for _ in range(ROUNDS):
        kept = (torch.bmm(overlaps, kept[..., None])[..., 0] < 0.5).float()
    return kept > 0.5
