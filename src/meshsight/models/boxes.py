"""Box arithmetic on tensors; boxes are xyxy in pixels of the network's input.

The numpy twin, for data and evaluation, is `meshsight.core.boxes`.
"""

import torch
from jaxtyping import Float
from torch import Tensor


def paired_iou(a: Float[Tensor, "*n 4"], b: Float[Tensor, "*n 4"]) -> Float[Tensor, "*n"]:
    """Returns the intersection over union of each box with its partner; pairs without area score 0."""
    sides = torch.minimum(a[..., 2:], b[..., 2:]) - torch.maximum(a[..., :2], b[..., :2])
    shared = sides.clamp(min=0).prod(dim=-1)
    areas = (a[..., 2:] - a[..., :2]).prod(dim=-1) + (b[..., 2:] - b[..., :2]).prod(dim=-1)
    return shared / (areas - shared).clamp(min=1e-6)


def pairwise_iou(a: Float[Tensor, "*b m 4"], b: Float[Tensor, "*b n 4"]) -> Float[Tensor, "*b m n"]:
    """Returns the intersection over union of every pair; pairs without area score 0."""
    a_x1, a_y1, a_x2, a_y2 = a.unsqueeze(-2).unbind(-1)
    b_x1, b_y1, b_x2, b_y2 = b.unsqueeze(-3).unbind(-1)
    width = (torch.minimum(a_x2, b_x2) - torch.maximum(a_x1, b_x1)).clamp(min=0)
    height = (torch.minimum(a_y2, b_y2) - torch.maximum(a_y1, b_y1)).clamp(min=0)
    shared = width * height
    union = (a_x2 - a_x1) * (a_y2 - a_y1) + (b_x2 - b_x1) * (b_y2 - b_y1) - shared
    return shared / union.clamp(min=1e-6)
