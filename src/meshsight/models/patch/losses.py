"""The loss terms of patch networks, step 7 of the walk.

Shapes: b patches, c class logits, n circles.
"""

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from meshsight.models.patch.circle_iou import Circles, Values, circle_iou
from meshsight.models.patch.spec import CircleLossSpec, ClassLossSpec, PenaltySpec
from meshsight.models.patch.targets import PatchTargets

SMALLEST_RADIUS = 1e-3
"""In sides of the patch; what is predicted below counts as this and is pulled up."""

Loss = Float[Tensor, ""]


def ball_logits(class_logits: Float[Tensor, "b c"]) -> Float[Tensor, " b"]:
    """Returns the log odds of a ball: the single output, or the ball's over the other's."""
    return class_logits[:, 0] if class_logits.shape[1] == 1 else class_logits[:, 1] - class_logits[:, 0]


def class_loss(class_logits: Float[Tensor, "b c"], balls: Float[Tensor, " b"], spec: ClassLossSpec) -> Loss:
    """Returns the weighted, focal cross-entropy, averaged over the batch."""
    logits = ball_logits(class_logits)
    missed = -F.logsigmoid(logits) * torch.sigmoid(-logits).pow(spec.focal_gamma)
    invented = -F.logsigmoid(-logits) * torch.sigmoid(logits).pow(spec.focal_gamma)
    losses = spec.false_negative_cost * balls * missed + spec.false_positive_cost * (1 - balls) * invented
    return losses.mean()


def circle_loss(circles: Float[Tensor, "b 3"], targets: PatchTargets, spec: CircleLossSpec) -> Loss:
    """Returns the weighted loss, averaged over the patches whose circle is known; 0 where there is none."""
    found, wanted = circles[targets.has_circle], targets.circles[targets.has_circle]
    return spec.weight * _circle_losses(found, wanted, spec).sum() / max(len(found), 1)


def _circle_losses(found: Circles, wanted: Circles, spec: CircleLossSpec) -> Values:
    if spec.kind == "mae":
        return (found - wanted).abs().mean(dim=1)
    if spec.kind == "huber":
        return F.huber_loss(found, wanted, reduction="none", delta=spec.huber_delta).mean(dim=1)
    return _overlap_losses(found, wanted)


def _overlap_losses(found: Circles, wanted: Circles) -> Values:
    """Returns 1 - IoU with a term that still pulls where discs do not meet (DIoU, arXiv 1911.08287, of circles)."""
    lacking = F.relu(SMALLEST_RADIUS - found[:, :1])
    found, wanted = (torch.cat([c[:, :1].clamp(min=SMALLEST_RADIUS), c[:, 1:]], dim=1) for c in (found, wanted))
    apart = torch.linalg.vector_norm(found[:, 1:] - wanted[:, 1:], dim=1)
    reach = apart + found[:, 0] + wanted[:, 0]
    return 1 - circle_iou(found, wanted) + (apart / reach).square() + lacking[:, 0]


def penalty(layers: Iterable[nn.Module], spec: PenaltySpec) -> Loss:
    """Returns what the weights and biases of convolutions and dense layers cost."""
    total = torch.zeros(())
    for layer in layers:
        assert isinstance(layer, nn.Conv2d | nn.Linear) and layer.bias is not None
        weights = spec.l1 * layer.weight.abs().sum() + spec.l2 * layer.weight.square().sum()
        total = total.to(weights.device) + weights + spec.l2 * layer.bias.square().sum()
    return total
