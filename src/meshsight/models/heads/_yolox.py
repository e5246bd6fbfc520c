"""Builds YOLOX's head: two towers for each level, one for the class, one for box and objectness.

Equal to mmdetection 3.3's YOLOXHead in outputs, losses and predictions (`tests/golden`). Two deviations: there are
regions to ignore, and boxes are clipped to the input before suppression.

Shapes: b images, n cells of all levels, m targets, c classes, p cells of the batch that learn an object.
"""

import math
from itertools import pairwise
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from meshsight.models.anchor_head import ImageTargets, each_image
from meshsight.models.batch import Targets
from meshsight.models.boxes import paired_iou
from meshsight.models.csp import conv_block
from meshsight.models.detector import Candidates
from meshsight.models.heads.yolox import Spec
from meshsight.models.parts import FeatureSpec, Head, Pyramid
from meshsight.models.points import cell_centres
from meshsight.models.sharing import batch_total
from meshsight.models.simota import Matches, assign_simota
from meshsight.models.topk import best_candidates
from meshsight.specs.decoding import DecodeSpec

PRIOR_SCORE = 0.01
NEUTRAL = -2


class YoloxOutputs(NamedTuple):
    """What the head predicts for every cell, finest level first, row by row.

    Attributes:
        class_logits: one independent logit for each class, given that there is an object.
        offsets: of the box's centre from the cell's corner, in strides, and the logarithms of its sides in strides.
        objectness_logits: that there is an object.
    """

    class_logits: Float[Tensor, "b n c"]
    offsets: Float[Tensor, "b n 4"]
    objectness_logits: Float[Tensor, "b n 1"]


class LevelHead(nn.Module):
    """The towers of one level."""

    def __init__(self, spec: Spec, channels_in: int, num_classes: int):
        super().__init__()
        self.class_tower = _tower(spec, channels_in)
        self.box_tower = _tower(spec, channels_in)
        self.class_out = nn.Conv2d(spec.channels, num_classes, 1)
        self.box_out = nn.Conv2d(spec.channels, 4, 1)
        self.objectness_out = nn.Conv2d(spec.channels, 1, 1)
        for conv in (self.class_out, self.objectness_out):
            assert conv.bias is not None
            nn.init.constant_(conv.bias, -math.log(1 / PRIOR_SCORE - 1))

    def forward(self, level: Float[Tensor, "b f h w"]) -> tuple[Tensor, ...]:
        """Returns class logits, offsets and objectness logits of the level's cells."""
        classes, boxes = self.class_out(self.class_tower(level)), self.box_tower(level)
        maps = (classes, self.box_out(boxes), self.objectness_out(boxes))
        return tuple(part.flatten(2).transpose(1, 2) for part in maps)


class YoloxHead(Head):
    """A pair of towers for each level."""

    def __init__(self, spec: Spec, inputs: tuple[FeatureSpec, ...], num_classes: int):
        super().__init__()
        self.spec = spec
        self.strides = tuple(level.stride for level in inputs)
        self.levels = nn.ModuleList(LevelHead(spec, level.channels, num_classes) for level in inputs)
        self._has_l1 = spec.l1_share >= 1

    def set_progress(self, share: float) -> None:
        """Adds the L1 loss towards the end."""
        self._has_l1 = share >= 1 - self.spec.l1_share

    def forward(self, pyramid: Pyramid) -> YoloxOutputs:
        """Predicts from every cell of every level."""
        levels = [head(level) for head, level in zip(self.levels, pyramid, strict=True)]
        return YoloxOutputs(*(torch.cat(parts, dim=1).float() for parts in zip(*levels, strict=True)))

    def boxes(self, raw: YoloxOutputs, size_hw: tuple[int, int]) -> Float[Tensor, "b n 4"]:
        """Returns the predicted box of every cell, in pixels."""
        centres, strides = cell_centres(size_hw, self.strides, raw.offsets.device)
        corners = centres - strides[:, None] / 2
        middles = raw.offsets[..., :2] * strides[:, None] + corners
        half = raw.offsets[..., 2:].exp() * strides[:, None] / 2
        return torch.cat([middles - half, middles + half], dim=-1)

    def loss(self, raw: YoloxOutputs, targets: Targets, size_hw: tuple[int, int]) -> dict[str, Float[Tensor, ""]]:
        """Returns `class`, `box`, `objectness` and, at last, `l1`, divided by the cells that learn an object."""
        cells = cell_centres(size_hw, self.strides, raw.offsets.device)
        boxes = self.boxes(raw, size_hw)
        sums: dict[str, Tensor] = {}
        num_learning = 0
        for index, one in enumerate(each_image(targets)):
            image = YoloxOutputs(*(part[index] for part in raw))
            matches = self._match(cells, image, boxes[index], one)
            num_learning += int((matches.owner >= 0).sum())
            for name, term in self._image_losses(cells, image, boxes[index], one, matches).items():
                sums[name] = sums.get(name, 0) + term
        normaliser = batch_total(boxes.new_tensor(num_learning), least=1.0)
        return {name: total / normaliser for name, total in sums.items()}

    def _match(self, cells: tuple[Tensor, Tensor], image: YoloxOutputs, boxes: Tensor, one: ImageTargets) -> Matches:
        """Assigns the cells of an image; those that learn nothing and lie in a region to ignore are `NEUTRAL`."""
        real = torch.nonzero(~one.is_ignored).flatten()
        found = Matches(real.new_full((len(boxes),), -1), boxes.new_zeros(len(boxes)))
        if len(real):
            scores = image.class_logits.sigmoid() * image.objectness_logits.sigmoid()
            objects = ImageTargets(*(part[real] for part in one))
            found = assign_simota(cells, scores.detach(), boxes.detach(), objects, self.spec)
            found = found._replace(owner=torch.where(found.owner >= 0, real[found.owner.clamp(min=0)], -1))
        ignored, centres = one.boxes[one.is_ignored], cells[0]
        covered = ((centres >= ignored[:, None, :2]) & (centres < ignored[:, None, 2:])).all(dim=-1).any(dim=0)
        return found._replace(owner=torch.where((found.owner < 0) & covered, NEUTRAL, found.owner))

    def _image_losses(
        self, cells: tuple[Tensor, Tensor], image: YoloxOutputs, boxes: Tensor, one: ImageTargets, matches: Matches
    ) -> dict[str, Float[Tensor, ""]]:
        learns = matches.owner >= 0
        own_boxes, own_classes = one.boxes[matches.owner[learns]], one.class_ids[matches.owner[learns]]
        logits = image.class_logits[learns]
        wanted = F.one_hot(own_classes, logits.shape[-1]) * matches.iou[learns, None]
        objectness = F.binary_cross_entropy_with_logits(image.objectness_logits[:, 0], learns.float(), reduction="none")
        terms = {
            "class": F.binary_cross_entropy_with_logits(logits, wanted, reduction="sum"),
            "box": self.spec.box_weight * (1 - paired_iou(boxes[learns], own_boxes) ** 2).sum(),
            "objectness": objectness[matches.owner != NEUTRAL].sum(),
        }
        if self._has_l1:
            terms["l1"] = (image.offsets[learns] - _wanted_offsets(cells, learns, own_boxes)).abs().sum()
        return terms

    def decode(self, raw: YoloxOutputs, size_hw: tuple[int, int], spec: DecodeSpec) -> Candidates:
        """Returns the best `num_candidates` cells, each with its likeliest class."""
        likeliest, class_ids = raw.class_logits.sigmoid().max(dim=-1, keepdim=True)
        scores = likeliest * raw.objectness_logits.sigmoid()
        return best_candidates(self.boxes(raw, size_hw), scores, spec, size_hw, class_ids)


def _tower(spec: Spec, channels_in: int) -> nn.Sequential:
    widths = [channels_in, *[spec.channels] * spec.num_convs]
    return nn.Sequential(*(conv_block(a, b, 3, 1, spec.is_depthwise) for a, b in pairwise(widths)))


def _wanted_offsets(cells: tuple[Tensor, Tensor], learns: Tensor, boxes: Float[Tensor, "p 4"]) -> Float[Tensor, "p 4"]:
    centres, strides = cells[0][learns], cells[1][learns, None]
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    sides = (boxes[:, 2:] - boxes[:, :2]) / strides
    return torch.cat([(middles - centres) / strides + 0.5, (sides + 1e-8).log()], dim=1)


def build(spec: Spec, inputs: tuple[FeatureSpec, ...], num_classes: int) -> YoloxHead:
    """Builds the head for a neck's levels."""
    return YoloxHead(spec, inputs, num_classes)
