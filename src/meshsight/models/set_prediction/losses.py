"""The losses of query detectors; sums over queries, still to be divided by the number of objects.

Each equals the one in transformers on the same predictions (`tests/unit/models/test_queries.py`), but for regions to
ignore, which it does not know.

Shapes: b images, q queries, c classes, m matched pairs.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from meshsight.models.set_prediction.matching import Matches, Prediction, corners, giou, iou
from meshsight.models.sharing import batch_total


def softmax_loss(
    logits: Float[Tensor, "b q c"], matches: Matches, silent: Bool[Tensor, "b q"], no_object_weight: float
) -> Float[Tensor, ""]:
    """Returns DETR's cross entropy, a mean in which "no object", the last column, counts by a weight of its own."""
    no_object = logits.shape[-1] - 1
    wanted = torch.full(logits.shape[:2], no_object, device=logits.device)
    wanted[matches.image, matches.query] = matches.class_ids
    weights = torch.where(wanted == no_object, no_object_weight, 1.0) * ~silent
    losses = F.cross_entropy(logits.flatten(0, 1), wanted.flatten(), reduction="none")
    return (losses * weights.flatten()).sum() / batch_total(weights.sum(), least=torch.finfo(weights.dtype).tiny)


def varifocal_loss(
    prediction: Prediction, matches: Matches, silent: Bool[Tensor, "b q"], alpha: float, gamma: float
) -> Float[Tensor, ""]:
    """Returns the loss of RT-DETR's classes, whose target is the IoU (Zhang et al. 2021, arXiv 2008.13367)."""
    logits = prediction.logits
    is_class, target = _one_hot(logits, matches), torch.zeros_like(logits)
    target[matches.image, matches.query, matches.class_ids] = _quality(prediction, matches)
    weight = alpha * logits.detach().sigmoid() ** gamma * (1 - is_class) + target
    losses = F.binary_cross_entropy_with_logits(logits, target, weight=weight, reduction="none")
    return (losses * ~silent[..., None]).sum()


def iou_aware_loss(
    prediction: Prediction, matches: Matches, silent: Bool[Tensor, "b q"], alpha: float
) -> Float[Tensor, ""]:
    """Returns the loss of LW-DETR's classes (Chen et al. 2024, arXiv 2406.03459), which RF-DETR has, too."""
    logits = prediction.logits
    scores = logits.sigmoid()
    where = matches.image, matches.query, matches.class_ids
    quality = scores[where] ** alpha * _quality(prediction, matches) ** (1 - alpha)
    quality = quality.clamp(min=0.01).detach()
    positive, negative = torch.zeros_like(logits), scores**2
    positive[where], negative[where] = quality, 1 - quality
    losses = -positive * F.logsigmoid(logits) - negative * F.logsigmoid(-logits)
    return (losses * ~silent[..., None]).sum()


def box_losses(boxes: Float[Tensor, "b q 4"], matches: Matches) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
    """Returns the sums of the L1 distances and of one minus the generalised IoU."""
    own = boxes[matches.image, matches.query]
    return (own - matches.boxes).abs().sum(), (1 - giou(corners(own), corners(matches.boxes))).sum()


def _quality(prediction: Prediction, matches: Matches) -> Float[Tensor, " m"]:
    """The IoU of each matched query with its object, without gradient."""
    own = prediction.boxes[matches.image, matches.query].detach()
    return iou(corners(own), corners(matches.boxes))


def _one_hot(logits: Float[Tensor, "b q c"], matches: Matches) -> Float[Tensor, "b q c"]:
    found = torch.zeros_like(logits)
    found[matches.image, matches.query, matches.class_ids] = 1
    return found
