"""Which query learns which object: the cheapest one-to-one matching (Carion et al. 2020, arXiv 2005.12872).

Regions to ignore are no objects; a query that no object takes and whose box lies mostly in one learns nothing.

Shapes: b images, q queries, c classes, n objects of an image, k regions to ignore, m matched pairs of the batch.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import torch
from jaxtyping import Bool, Float, Int64
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from meshsight.models.anchor_head import each_image
from meshsight.models.batch import Targets
from meshsight.models.set_prediction.region import to_shares
from meshsight.models.set_prediction.spec import MatchSpec

FOCAL_ALPHA, FOCAL_GAMMA = 0.25, 2.0
TINY = 1e-8
IGNORED_SHARE = 0.5
"""Share of its box that must lie in a region to ignore, for a query without an object to learn nothing."""

Scoring = Literal["softmax", "sigmoid"]


class Labels(NamedTuple):
    """The truth of an image; boxes are centre, width and height in shares of the region.

    Attributes:
        boxes: of the objects.
        class_ids: of the objects.
        ignored: regions to ignore.
    """

    boxes: Float[Tensor, "n 4"]
    class_ids: Int64[Tensor, " n"]
    ignored: Float[Tensor, "k 4"]


class Prediction(NamedTuple):
    """What one layer says."""

    logits: Float[Tensor, "b q c"]
    boxes: Float[Tensor, "b q 4"]


class Matches(NamedTuple):
    """Queries and the objects that they learn.

    Attributes:
        image, query: where the query is.
        class_ids: of its object.
        boxes: of its object.
    """

    image: Int64[Tensor, " m"]
    query: Int64[Tensor, " m"]
    class_ids: Int64[Tensor, " m"]
    boxes: Float[Tensor, "m 4"]


def to_labels(targets: Targets, region: Float[Tensor, "b 4"]) -> list[Labels]:
    """Returns the truth of each image without its padding."""
    labels: list[Labels] = []
    for one, where in zip(each_image(targets), region, strict=True):
        boxes = to_shares(one.boxes, where)
        is_object = ~one.is_ignored
        labels.append(Labels(boxes[is_object], one.class_ids[is_object], boxes[one.is_ignored]))
    return labels


@torch.no_grad()
def match(
    prediction: Prediction, labels: Sequence[Labels], spec: MatchSpec, scoring: Scoring, num_groups: int = 1
) -> Matches:
    """Finds the cheapest matching of each image.

    Args:
        prediction: of one layer.
        labels: of each image.
        spec: the costs.
        scoring: how logits become scores.
        num_groups: groups of queries, one after the other; each is matched with all objects.
    """
    pairs: list[Matches] = []
    size = prediction.logits.shape[1] // num_groups
    for image, one in enumerate(labels):
        cost = matching_cost(prediction.logits[image], prediction.boxes[image], one, spec, scoring)
        cost = torch.nan_to_num(cost, nan=torch.finfo(cost.dtype).max).cpu()
        for group, part in enumerate(cost.split(size)):
            query, target = (torch.as_tensor(index, device=one.boxes.device) for index in linear_sum_assignment(part))
            where = torch.full_like(query, image)
            pairs.append(Matches(where, query + group * size, one.class_ids[target], one.boxes[target]))
    return join(pairs)


def join(pairs: Sequence[Matches]) -> Matches:
    """Returns the matches of all images as one."""
    return Matches(*(torch.cat(parts) for parts in zip(*pairs, strict=True)))


def matching_cost(
    logits: Float[Tensor, "q c"], boxes: Float[Tensor, "q 4"], one: Labels, spec: MatchSpec, scoring: Scoring
) -> Float[Tensor, "q n"]:
    """Returns what it costs each query to take each object."""
    if scoring == "softmax":
        class_cost = -logits.softmax(dim=-1)[:, one.class_ids]
    else:
        score = logits.sigmoid()[:, one.class_ids]
        missed = FOCAL_ALPHA * (1 - score) ** FOCAL_GAMMA * -(score + TINY).log()
        false = (1 - FOCAL_ALPHA) * score**FOCAL_GAMMA * -(1 - score + TINY).log()
        class_cost = missed - false
    distance = (boxes[:, None] - one.boxes[None]).abs().sum(dim=-1)
    overlap = giou(corners(boxes)[:, None], corners(one.boxes)[None])
    return spec.box_cost * distance + spec.class_cost * class_cost - spec.giou_cost * overlap


def is_silent(boxes: Float[Tensor, "b q 4"], labels: Sequence[Labels], matches: Matches) -> Bool[Tensor, "b q"]:
    """Tells which queries learn nothing, because they have no object and lie in a region to ignore."""
    silent = torch.zeros(boxes.shape[:2], dtype=torch.bool, device=boxes.device)
    for image, one in enumerate(labels):
        if len(one.ignored):
            own, ignored = corners(boxes[image].detach())[:, None], corners(one.ignored)[None]
            sides = torch.minimum(own[..., 2:], ignored[..., 2:]) - torch.maximum(own[..., :2], ignored[..., :2])
            covered = sides.clamp(min=0).prod(dim=-1) / boxes[image].detach()[:, None, 2:].prod(dim=-1).clamp(min=TINY)
            silent[image] = (covered > IGNORED_SHARE).any(dim=1)
    silent[matches.image, matches.query] = False
    return silent


def corners(boxes: Float[Tensor, "*n 4"]) -> Float[Tensor, "*n 4"]:
    """Turns centre, width and height into xyxy."""
    half = boxes[..., 2:] / 2
    return torch.cat([boxes[..., :2] - half, boxes[..., :2] + half], dim=-1)


def iou(a: Float[Tensor, "*n 4"], b: Float[Tensor, "*n 4"]) -> Float[Tensor, "*n"]:
    """Returns the intersection over union of partners, in shares of the image (so areas are tiny numbers)."""
    shared, union = _shared_and_union(a, b)
    return shared / union


def giou(a: Float[Tensor, "*#n 4"], b: Float[Tensor, "*#n 4"]) -> Float[Tensor, "*n"]:
    """Returns the generalised IoU of partners (Rezatofighi et al. 2019, arXiv 1902.09630)."""
    shared, union = _shared_and_union(a, b)
    hull = (torch.maximum(a[..., 2:], b[..., 2:]) - torch.minimum(a[..., :2], b[..., :2])).prod(dim=-1)
    hull = hull.clamp(min=torch.finfo(hull.dtype).tiny)
    return shared / union - (hull - union) / hull


def _shared_and_union(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    sides = torch.minimum(a[..., 2:], b[..., 2:]) - torch.maximum(a[..., :2], b[..., :2])
    shared = sides.clamp(min=0).prod(dim=-1)
    areas = (a[..., 2:] - a[..., :2]).prod(dim=-1) + (b[..., 2:] - b[..., :2]).prod(dim=-1)
    return shared, (areas - shared).clamp(min=torch.finfo(shared.dtype).tiny)
