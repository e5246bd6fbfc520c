"""Builds the task-aligned head: towers, loss and decoding.

Shapes: b images, n cells of all levels, m targets, c classes, p cells that learn an object.
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
from meshsight.models.topk import best_candidates
from meshsight.specs.decoding import DecodeSpec

PRIOR_SCORE = 0.01  # Scores before training, as RetinaNet's: most cells are empty.
FIRST_DISTANCE = 2.0  # Distance to each side before training, in strides.
MAX_LOG_DISTANCE = 6.0  # exp(6) strides is more than any input is wide.


class AlignedOutputs(NamedTuple):
    """What the head predicts for every cell, finest level first, row by row.

    Attributes:
        class_logits: one independent logit for each class.
        distances: from the cell's centre to the left, top, right and bottom side, in strides of its level; positive.
    """

    class_logits: Float[Tensor, "b n c"]
    distances: Float[Tensor, "b n 4"]


class LevelHead(nn.Module):
    """The two towers of one level, one for the class and one for the box."""

    def __init__(self, spec: Spec, channels_in: int, num_classes: int):
        super().__init__()
        widths = [channels_in] + [spec.channels] * spec.num_convs
        pairs = list(pairwise(widths))
        self.class_tower = nn.Sequential(*(ConvNorm(*pair) for pair in pairs))
        self.box_tower = nn.Sequential(*(ConvNorm(*pair) for pair in pairs))
        self.class_out = nn.Conv2d(widths[-1], num_classes, 1)
        self.box_out = nn.Conv2d(widths[-1], 4, 1)
        for conv, bias in ((self.class_out, -math.log(1 / PRIOR_SCORE - 1)), (self.box_out, math.log(FIRST_DISTANCE))):
            assert conv.bias is not None
            nn.init.normal_(conv.weight, std=0.01)
            nn.init.constant_(conv.bias, bias)

    def forward(self, level: Float[Tensor, "b f h w"]) -> tuple[Float[Tensor, "b n c"], Float[Tensor, "b n 4"]]:
        """Returns class logits and log distances of the level's cells."""
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
        return AlignedOutputs(logits, sides.clamp(max=MAX_LOG_DISTANCE).exp())

    def boxes(self, raw: AlignedOutputs, size_hw: tuple[int, int]) -> Float[Tensor, "b n 4"]:
        """Returns the predicted box of every cell, in pixels."""
        centres, strides = cell_centres(size_hw, self.strides, raw.distances.device)
        sides = raw.distances * strides[:, None]
        return torch.cat([centres - sides[..., :2], centres + sides[..., 2:]], dim=-1)

    def loss(self, raw: AlignedOutputs, targets: Targets, size_hw: tuple[int, int]) -> dict[str, Float[Tensor, ""]]:
        """Returns the terms `class` and `box`, each divided by the sum of the soft targets."""
        boxes = self.boxes(raw, size_hw)
        cells = cell_centres(size_hw, self.strides, boxes.device)
        scores = raw.class_logits.detach().sigmoid()
        assignment = assign_task_aligned(scores, boxes.detach(), cells, targets, self.spec.assign)
        normaliser = assignment.quality.sum().clamp(min=1)
        return {
            "class": self.spec.class_weight * class_loss(raw.class_logits, assignment, self.spec.focus) / normaliser,
            "box": self.spec.box_weight * box_loss(boxes, assignment) / normaliser,
        }

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


def build(spec: Spec, inputs: tuple[FeatureSpec, ...], num_classes: int) -> AlignedHead:
    """Builds the head for a neck's levels."""
    return AlignedHead(spec, inputs, num_classes)
