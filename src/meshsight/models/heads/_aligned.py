"""Builds the task-aligned head: towers, loss and decoding.

Shapes: b images, n cells of all levels, m targets, c classes, r bins of a distance, p cells that learn an object.
"""

import math
from itertools import pairwise
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn
from torchvision.ops import generalized_box_iou_loss

from meshsight.models.assignment import Assignment, assign_task_aligned
from meshsight.models.batch import Targets
from meshsight.models.detector import Candidates
from meshsight.models.heads.aligned import Spec
from meshsight.models.layers import ConvNorm
from meshsight.models.parts import FeatureSpec, Head, Pyramid
from meshsight.models.points import cell_centres
from meshsight.models.sharing import batch_total
from meshsight.models.topk import best_candidates
from meshsight.specs.decoding import DecodeSpec

PRIOR_SCORE = 0.01  # Scores before training, as RetinaNet's: most cells are empty.
FIRST_DISTANCE = 2.0  # Likeliest distance to each side before training, in strides.


class AlignedOutputs(NamedTuple):
    """What the head predicts for every cell, finest level first, row by row.

    Attributes:
        class_logits: one independent logit for each class.
        distance_logits: of the distributions of the distances to the left, top, right and bottom side.
    """

    class_logits: Float[Tensor, "b n c"]
    distance_logits: Float[Tensor, "b n 4 r"]


class LevelHead(nn.Module):
    """The two towers of one level, one for the class and one for the box."""

    def __init__(self, spec: Spec, channels_in: int, num_classes: int):
        super().__init__()
        widths = [channels_in] + [spec.channels] * spec.num_convs
        pairs = list(pairwise(widths))
        self.class_tower = nn.Sequential(*(ConvNorm(*pair) for pair in pairs))
        self.box_tower = nn.Sequential(*(ConvNorm(*pair) for pair in pairs))
        self.class_out = nn.Conv2d(widths[-1], num_classes, 1)
        self.box_out = nn.Conv2d(widths[-1], 4 * spec.num_bins, 1)
        first_logits = -((torch.arange(spec.num_bins) - FIRST_DISTANCE) ** 2) / 8
        first_score = torch.tensor(-math.log(1 / PRIOR_SCORE - 1))
        for conv, bias in ((self.class_out, first_score.expand(num_classes)), (self.box_out, first_logits.repeat(4))):
            assert conv.bias is not None
            nn.init.normal_(conv.weight, std=0.01)
            with torch.no_grad():
                conv.bias.copy_(bias)

    def forward(self, level: Float[Tensor, "b f h w"]) -> tuple[Float[Tensor, "b n c"], Float[Tensor, "b n _"]]:
        """Returns class and distance logits of the level's cells."""
        classes = self.class_out(self.class_tower(level))
        sides = self.box_out(self.box_tower(level))
        return classes.flatten(2).transpose(1, 2), sides.flatten(2).transpose(1, 2)


class AlignedHead(Head):
    """One pair of towers for each level."""

    def __init__(self, spec: Spec, inputs: tuple[FeatureSpec, ...], num_classes: int):
        super().__init__()
        self.spec = spec
        self.strides = tuple(level.stride for level in inputs)
        self.levels = nn.ModuleList(LevelHead(spec, level.channels, num_classes) for level in inputs)

    def forward(self, pyramid: Pyramid) -> AlignedOutputs:
        """Predicts from every cell of every level."""
        outputs = [head(level) for head, level in zip(self.levels, pyramid, strict=True)]
        logits = torch.cat([classes for classes, _ in outputs], dim=1).float()
        sides = torch.cat([sides for _, sides in outputs], dim=1).float()
        return AlignedOutputs(logits, sides.unflatten(-1, (4, self.spec.num_bins)))

    def boxes(self, raw: AlignedOutputs, size_hw: tuple[int, int]) -> Float[Tensor, "b n 4"]:
        """Returns the predicted box of every cell, in pixels."""
        centres, strides = cell_centres(size_hw, self.strides, raw.distance_logits.device)
        bins = torch.arange(self.spec.num_bins, dtype=torch.float32, device=strides.device)
        sides = (raw.distance_logits.softmax(dim=-1) @ bins) * strides[:, None]
        return torch.cat([centres - sides[..., :2], centres + sides[..., 2:]], dim=-1)

    def loss(self, raw: AlignedOutputs, targets: Targets, size_hw: tuple[int, int]) -> dict[str, Float[Tensor, ""]]:
        """Returns the terms `class`, `box` and `distribution`, each divided by the sum of the soft targets."""
        boxes = self.boxes(raw, size_hw)
        cells = cell_centres(size_hw, self.strides, boxes.device)
        scores = raw.class_logits.detach().sigmoid()
        assignment = assign_task_aligned(scores, boxes.detach(), cells, targets, self.spec.assign)
        spec = self.spec
        sums = {
            "class": spec.class_weight * class_loss(raw.class_logits, assignment, spec.focus),
            "box": spec.box_weight * box_loss(boxes, assignment),
            "distribution": spec.distribution_weight * distribution_loss(raw.distance_logits, cells, assignment),
        }
        normaliser = batch_total(assignment.quality.sum(), least=1.0)
        return {name: term / normaliser for name, term in sums.items()}

    def decode(self, raw: AlignedOutputs, size_hw: tuple[int, int], spec: DecodeSpec) -> Candidates:
        """Returns the best `num_candidates` pairs of cell and class."""
        return best_candidates(self.boxes(raw, size_hw), raw.class_logits.sigmoid(), spec, size_hw)


def class_loss(logits: Float[Tensor, "b n c"], assignment: Assignment, focus: float) -> Float[Tensor, ""]:
    """Sums the quality focal loss towards the soft target: the quality at the object's class, 0 elsewhere.

    Li et al. 2020 (arXiv 2006.04388): cross-entropy times |target - score|^focus. Without the factor, the many empty
    cells outweigh the few with an object for hundreds of steps.
    """
    wanted = F.one_hot(assignment.class_ids, logits.shape[-1]) * assignment.quality[..., None]
    losses = F.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    weights = (wanted - logits.sigmoid()).abs().pow(focus) * ~assignment.is_neutral[..., None]
    return (losses * weights).sum()


def box_loss(boxes: Float[Tensor, "b n 4"], assignment: Assignment) -> Float[Tensor, ""]:
    """Sums 1 - GIoU of the cells that learn an object, each weighted by its quality."""
    learns = assignment.is_positive
    losses = generalized_box_iou_loss(boxes[learns], assignment.boxes[learns])
    return (losses * assignment.quality[learns]).sum()


def distribution_loss(
    logits: Float[Tensor, "b n 4 r"], cells: tuple[Float[Tensor, "n 2"], Float[Tensor, " n"]], assignment: Assignment
) -> Float[Tensor, ""]:
    """Sums, over the cells that learn an object, the cross-entropy towards the two bins around each true distance.

    The nearer bin gets the larger share; the four sides of a cell are averaged, and weighted by its quality.
    """
    learns = assignment.is_positive
    centres, strides = (part.expand(len(learns), *part.shape)[learns] for part in cells)
    boxes = assignment.boxes[learns]
    distances = torch.cat([centres - boxes[:, :2], boxes[:, 2:] - centres], dim=1) / strides[:, None]
    distances = distances.clamp(0, logits.shape[-1] - 1)
    lower = distances.floor().clamp(max=logits.shape[-1] - 2)
    log_shares = logits[learns].log_softmax(dim=-1)
    bins = torch.stack([lower, lower + 1], dim=-1).long()
    wanted = torch.stack([lower + 1 - distances, distances - lower], dim=-1)
    losses = -(wanted * log_shares.gather(-1, bins)).sum(dim=-1).mean(dim=-1)
    return (losses * assignment.quality[learns]).sum()


def build(spec: Spec, inputs: tuple[FeatureSpec, ...], num_classes: int) -> AlignedHead:
    """Builds the head for a neck's levels."""
    return AlignedHead(spec, inputs, num_classes)
