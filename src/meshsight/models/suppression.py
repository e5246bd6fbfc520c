"""Suppression of overlapping boxes inside a network, in two ways that agree: quickly, and as a graph.

Greedy suppression keeps a box unless a kept one of higher score overlaps it. torchvision does that box by box; a graph
has no such loop, so there the rule is applied to all boxes at once, again and again: after r rounds every box is right
whose chain of suppressors is at most r long. Chains in real proposals are far shorter than `ROUNDS`.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torchvision.ops import nms

from meshsight.models.boxes import pairwise_iou

ROUNDS = 32


def suppress(boxes: Float[Tensor, "b n 4"], iou: float) -> Bool[Tensor, "b n"]:
    """Tells which boxes greedy suppression keeps.

    Args:
        boxes: best first.
        iou: a box that overlaps a better kept one by more is suppressed.
    """
    if becomes_graph():
        return suppress_in_rounds(boxes, iou)
    ranks = torch.arange(boxes.shape[1], 0, -1, dtype=boxes.dtype, device=boxes.device)
    kept = torch.zeros(boxes.shape[:2], dtype=torch.bool, device=boxes.device)
    for image, own in zip(kept, boxes, strict=True):
        image[nms(own, ranks, iou)] = True
    return kept


def becomes_graph() -> bool:
    """Tells whether a graph is being made, in which no loop and no size may depend on values."""
    return torch.compiler.is_compiling() or torch.onnx.is_in_onnx_export()


def suppress_in_rounds(boxes: Float[Tensor, "b n 4"], iou: float) -> Bool[Tensor, "b n"]:
    """The same without a loop over boxes or images, for graphs of a dynamic batch."""
    overlaps = (pairwise_iou(boxes, boxes) > iou).tril(diagonal=-1).float()
    kept = torch.ones_like(boxes[..., 0])
    for _ in range(ROUNDS):
        kept = (torch.bmm(overlaps, kept[..., None])[..., 0] < 0.5).float()
    return kept > 0.5
