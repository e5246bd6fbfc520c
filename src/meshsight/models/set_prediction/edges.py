"""D-FINE's losses of where the edges of a box lie (Peng et al. 2024, arXiv 2410.13842).

Each edge is a distribution over distances that grow away from zero. The fine-grained loss teaches a matched query the
two distances around the true one; the distillation teaches every layer what the last one found.

Shapes: q queries, m matched pairs, v values of a distribution.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from meshsight.models.sharing import batch_sum, batch_total

TEMPERATURE = 5.0


class EdgeTargets(NamedTuple):
    """The two values around a true distance, and the share of the farther one."""

    lower: Int64[Tensor, " n"]
    upper_share: Float[Tensor, " n"]


def edge_values(num_bins: int, up: float, scale: float, device: torch.device) -> Float[Tensor, " v"]:
    """Returns the distances that a distribution's values stand for: fine around zero, coarse away from it."""
    reach = abs(up) * abs(scale)
    step = (reach + 1) ** (2 / (num_bins - 2))
    curve = step ** torch.arange(1, num_bins // 2, device=device, dtype=torch.float32) - 1
    end = curve.new_tensor([2 * reach])
    return torch.cat([-end, -curve.flip(0), curve.new_zeros(1), curve, end])


def edge_targets(
    starts: Float[Tensor, "m 4"], boxes: Float[Tensor, "m 4"], values: Float[Tensor, " v"], scale: float
) -> EdgeTargets:
    """Returns what the edges should say.

    Args:
        starts: centre, width and height of the boxes that distances are counted from.
        boxes: xyxy of the objects, in the same shares.
        values: of a distribution.
        scale: a distance of `scale` / 2 is half the width or height.
    """
    sides = starts[:, 2:] / abs(scale) + 1e-16
    before = (starts[:, :2] - boxes[:, :2]) / sides - 0.5 * abs(scale)
    after = (boxes[:, 2:] - starts[:, :2]) / sides - 0.5 * abs(scale)
    distance = torch.cat([before, after], dim=1).flatten()
    last = len(values) - 2
    lower = (values[None] <= distance[:, None]).sum(dim=1) - 1
    inside = lower.clamp(0, last)
    share = (distance - values[inside]) / (values[inside + 1] - values[inside])
    return EdgeTargets(inside, share.clamp(0, 1))


def fine_grained_loss(
    logits: Float[Tensor, "m v4"], targets: EdgeTargets, quality: Float[Tensor, " m"], num_values: int
) -> Float[Tensor, ""]:
    """Returns the sum over edges, weighted by the IoU of their boxes."""
    each = logits.reshape(-1, num_values)
    near = F.cross_entropy(each, targets.lower, reduction="none") * (1 - targets.upper_share)
    far = F.cross_entropy(each, targets.lower + 1, reduction="none") * targets.upper_share
    return ((near + far) * quality.repeat_interleave(4)).sum()


def distillation_loss(
    logits: Float[Tensor, "b q v4"],
    teacher: Float[Tensor, "b q v4"],
    weights: Float[Tensor, "b q"],
    is_matched: Bool[Tensor, "b q"],
    num_values: int,
) -> Float[Tensor, ""]:
    """Returns the divergence from the last layer's edges.

    Matched and other queries count by the roots of their numbers.

    Args:
        logits: of this layer.
        teacher: of the last layer; has no gradient here.
        weights: how much each query counts.
        is_matched: which queries have an object.
        num_values: of one edge.
    """
    own = (logits.reshape(-1, num_values) / TEMPERATURE).log_softmax(dim=1)
    wanted = (teacher.detach().reshape(-1, num_values) / TEMPERATURE).softmax(dim=1)
    divergence = F.kl_div(own, wanted, reduction="none").sum(dim=1) * TEMPERATURE**2
    each = divergence * weights.detach().flatten().repeat_interleave(4)
    matched = is_matched.flatten().repeat_interleave(4)
    counts = torch.stack([matched.sum(), (~matched).sum()]).float()
    roots = batch_sum(counts).sqrt()
    means = torch.stack([each[matched].sum(), each[~matched].sum()]) / batch_total(counts, least=1.0)
    return (means * roots).sum() / roots.sum()
