"""Builds TOOD's head: one tower, two views of it, and predictions that are moved until class and box agree.

Equal to mmdetection 3.3's anchor-free TOODHead in outputs, losses and predictions (`tests/golden`). Deviations:
there are regions to ignore; boxes are clipped to the input before suppression; and they are sampled with `grid_sample`,
which can be exported, where mmdetection takes a deformable convolution with unit weights (the numbers are the same).

Shapes: b images, n cells of all levels, m targets, c classes, f channels, s convolutions of the tower.
"""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn
from torchvision.ops import generalized_box_iou_loss

from meshsight.models.anchor_head import ImageTargets, each_image
from meshsight.models.batch import Targets
from meshsight.models.detector import Candidates
from meshsight.models.heads.tood import Spec
from meshsight.models.parts import FeatureSpec, Head, Pyramid
from meshsight.models.points import grid, level_sizes
from meshsight.models.sharing import batch_total
from meshsight.models.tood_assignment import CellOwners, assign_aligned, assign_atss
from meshsight.models.topk import best_candidates
from meshsight.models.towers import small_conv
from meshsight.specs.decoding import DecodeSpec

PRIOR_SCORE = 0.01
NEUTRAL = -2
OUTSIDE = 0.01


class ToodOutputs(NamedTuple):
    """What the head predicts for every cell, finest level first, row by row.

    Attributes:
        scores: one independent probability for each class.
        boxes: in pixels.
    """

    scores: Float[Tensor, "b n c"]
    boxes: Float[Tensor, "b n 4"]


class TaskView(nn.Module):
    """What one task needs of the tower: its layers weighted by attention, then mixed down to one layer's width."""

    def __init__(self, channels: int, num_layers: int, num_groups: int):
        super().__init__()
        self.num_layers = num_layers
        squeeze, weigh = nn.Conv2d(channels * num_layers, channels // 8, 1), nn.Conv2d(channels // 8, num_layers, 1)
        self.attention = nn.Sequential(squeeze, nn.ReLU(inplace=True), weigh, nn.Sigmoid())
        self.mix = nn.Conv2d(channels * num_layers, channels, 1, bias=False)
        self.norm = nn.GroupNorm(num_groups, channels)
        for conv in (squeeze, weigh):
            nn.init.normal_(conv.weight, std=0.001)
        nn.init.normal_(self.mix.weight, std=0.01)

    def forward(self, layers: Float[Tensor, "b _ h w"], mean: Float[Tensor, "b _ 1 1"]) -> Float[Tensor, "b f h w"]:
        """Returns the task's features; `mean` is that of the layers over the map."""
        weights = self.attention(mean)[:, :, None]
        weighted = layers.unflatten(1, (self.num_layers, -1)) * weights
        return F.relu(self.norm(self.mix(weighted.flatten(1, 2))))


class ToodHead(Head):
    """A tower that all levels share, and the aligned predictions."""

    def __init__(self, spec: Spec, inputs: tuple[FeatureSpec, ...], num_classes: int):
        super().__init__()
        self.spec = spec
        self.num_classes = num_classes
        self.strides = tuple(level.stride for level in inputs)
        self.tower = nn.ModuleList(
            _conv_norm(spec.channels if i else inputs[0].channels, spec) for i in range(spec.num_convs)
        )
        width = spec.channels * spec.num_convs
        self.class_view = TaskView(spec.channels, spec.num_convs, spec.num_groups)
        self.box_view = TaskView(spec.channels, spec.num_convs, spec.num_groups)
        bias = -math.log(1 / PRIOR_SCORE - 1)
        self.class_out = small_conv(spec.channels, num_classes, bias)
        self.box_out = small_conv(spec.channels, 4)
        self.class_alignment = _alignment(width, spec.channels, 1, 0.01, bias)
        self.box_alignment = _alignment(width, spec.channels, 8, 0.001, 0.0)
        self.scales = nn.Parameter(torch.ones(len(inputs)))
        self._uses_atss = spec.atss_share > 0

    def set_progress(self, share: float) -> None:
        """Chooses the assignment: ATSS at the beginning, task-aligned later."""
        self._uses_atss = share < self.spec.atss_share

    def forward(self, pyramid: Pyramid) -> ToodOutputs:
        """Predicts from every cell of every level."""
        levels = [self._level(*level) for level in zip(pyramid, self.scales, self.strides, strict=True)]
        return ToodOutputs(*(torch.cat(parts, dim=1).float() for parts in zip(*levels, strict=True)))

    def _level(self, features: Tensor, scale: Tensor, stride: int) -> tuple[Tensor, Tensor]:
        layers: list[Tensor] = []
        for block in self.tower:
            features = block(features)
            layers.append(features)
        joined = torch.cat(layers, dim=1)
        mean = joined.mean(dim=(2, 3), keepdim=True)
        logits = self.class_out(self.class_view(joined, mean)).float()
        scores = (logits.sigmoid() * self.class_alignment(joined).float().sigmoid()).sqrt()
        sides = self.box_out(self.box_view(joined, mean)).float().exp() * scale
        boxes = _boxes_of(sides)
        moved = _sample(boxes, self.box_alignment(joined).float())
        is_turned = (moved[:, :2] > moved[:, 2:]).any(dim=1, keepdim=True)
        boxes = torch.where(is_turned, boxes, moved) * stride
        return scores.flatten(2).transpose(1, 2), boxes.flatten(2).transpose(1, 2)

    def loss(self, raw: ToodOutputs, targets: Targets, size_hw: tuple[int, int]) -> dict[str, Float[Tensor, ""]]:
        """Returns the terms `class` and `box`, divided by the sums of their cells' weights, at least 1."""
        points, strides = self._cells(size_hw, raw.boxes.device)
        sums = [raw.scores.new_zeros(()) for _ in range(4)]
        for scores, boxes, one in zip(*raw, each_image(targets), strict=True):
            owners = self._owners(points, strides, scores.detach(), boxes.detach(), one)
            learns = owners.owner >= 0
            own = one.boxes[owners.owner[learns]]
            weights = _centredness(points[learns], own) if self._uses_atss else owners.quality[learns]
            in_strides = strides[learns, None]
            giou = generalized_box_iou_loss(boxes[learns] / in_strides, own / in_strides)
            terms = (self._class_loss(scores, owners, one), (giou * weights).sum(), owners.quality.sum(), weights.sum())
            sums = [total + term for total, term in zip(sums, terms, strict=True)]
        class_sum, box_sum, class_weights, box_weights = sums
        return {
            "class": class_sum / batch_total(class_weights, least=1.0),
            "box": self.spec.box_weight * box_sum / batch_total(box_weights, least=1.0),
        }

    def decode(self, raw: ToodOutputs, size_hw: tuple[int, int], spec: DecodeSpec) -> Candidates:
        """Returns the best `num_candidates` pairs of cell and class of each level."""
        counts = [rows * columns for rows, columns in level_sizes(size_hw, self.strides)]
        levels = zip(raw.boxes.split(counts, 1), raw.scores.split(counts, 1), strict=True)
        found = [best_candidates(boxes, scores, spec, size_hw) for boxes, scores in levels]
        return Candidates(*(torch.cat(parts, dim=1) for parts in zip(*found, strict=True)))

    def _cells(self, size_hw: tuple[int, int], device: torch.device) -> tuple[Tensor, Tensor]:
        sizes = level_sizes(size_hw, self.strides)
        pairs = list(zip(sizes, self.strides, strict=True))
        points = [grid(*size, stride, 0.0, device) for size, stride in pairs]
        return torch.cat(points), torch.cat([p.new_full((len(p),), s) for p, (_, s) in zip(points, pairs, strict=True)])

    def _owners(
        self,
        points: Float[Tensor, "n 2"],
        strides: Float[Tensor, " n"],
        scores: Float[Tensor, "n c"],
        boxes: Float[Tensor, "n 4"],
        one: ImageTargets,
    ) -> CellOwners:
        """Assigns the cells of an image; those that learn nothing and lie in a region to ignore are `NEUTRAL`."""
        real = torch.nonzero(~one.is_ignored).flatten()
        if len(real) == 0:
            found = CellOwners(points.new_full((len(points),), -1, dtype=torch.int64), points.new_zeros(len(points)))
        elif self._uses_atss:
            found = assign_atss(points, strides, one.boxes[real], self.spec.atss_cells)
        else:
            of_classes = scores[:, one.class_ids[real]]
            powers = self.spec.alpha, self.spec.beta
            found = assign_aligned((points, strides), of_classes, boxes, one.boxes[real], powers, self.spec.num_cells)
        owner = torch.where(found.owner >= 0, real[found.owner.clamp(min=0)] if len(real) else -1, -1)
        ignored = one.boxes[one.is_ignored]
        covered = ((points >= ignored[:, None, :2]) & (points < ignored[:, None, 2:])).all(dim=-1).any(dim=0)
        return CellOwners(torch.where((owner < 0) & covered, NEUTRAL, owner), found.quality)

    def _class_loss(self, scores: Float[Tensor, "n c"], owners: CellOwners, one: ImageTargets) -> Float[Tensor, ""]:
        """Sums the focal loss, or the quality focal loss, both of probabilities."""
        learns = owners.owner >= 0
        wanted = torch.zeros_like(scores)
        wanted[learns, one.class_ids[owners.owner[learns]]] = owners.quality[learns]
        losses = F.binary_cross_entropy(scores, wanted, reduction="none")
        losses = losses * (wanted - scores).abs() ** self.spec.focal_gamma
        if self._uses_atss:
            alpha = self.spec.focal_alpha
            losses = losses * (alpha * wanted + (1 - alpha) * (1 - wanted))
        return (losses * (owners.owner != NEUTRAL)[:, None]).sum()


def _conv_norm(channels_in: int, spec: Spec) -> nn.Sequential:
    conv = small_conv(channels_in, spec.channels, None)
    return nn.Sequential(conv, nn.GroupNorm(spec.num_groups, spec.channels), nn.ReLU(inplace=True))


def _alignment(channels_in: int, channels: int, channels_out: int, std: float, bias: float) -> nn.Sequential:
    layers = (nn.Conv2d(channels_in, channels // 4, 1), nn.Conv2d(channels // 4, channels_out, 3, padding=1))
    for conv in layers:
        assert conv.bias is not None
        nn.init.normal_(conv.weight, std=std)
        nn.init.zeros_(conv.bias)
    assert layers[1].bias is not None
    nn.init.constant_(layers[1].bias, bias)
    return nn.Sequential(layers[0], nn.ReLU(inplace=True), layers[1])


def _boxes_of(sides: Float[Tensor, "b 4 h w"]) -> Float[Tensor, "b 4 h w"]:
    """Returns the boxes that distances to the left, top, right and bottom lead to, all in strides."""
    rows = torch.arange(sides.shape[2], device=sides.device, dtype=sides.dtype)[:, None].expand(sides.shape[2:])
    columns = torch.arange(sides.shape[3], device=sides.device, dtype=sides.dtype).expand(sides.shape[2:])
    points = torch.stack([columns, rows])
    return torch.cat([points - sides[:, :2], points + sides[:, 2:]], dim=1)


def _sample(boxes: Float[Tensor, "b 4 h w"], offsets: Float[Tensor, "b 8 h w"]) -> Float[Tensor, "b 4 h w"]:
    """Reads each side of a box at a place of its own, (y, x) cells away, bilinearly; outside the map there is 0."""
    batch, _, height, width = boxes.shape
    away = offsets.view(batch * 4, 2, height, width)
    rows = torch.arange(height, device=boxes.device, dtype=boxes.dtype)[:, None]
    columns = torch.arange(width, device=boxes.device, dtype=boxes.dtype)
    x = (2 * (columns + away[:, 1]) + 1) / width - 1
    y = (2 * (rows + away[:, 0]) + 1) / height - 1
    places = torch.stack([x, y], dim=-1)
    sampled = F.grid_sample(boxes.reshape(batch * 4, 1, height, width), places, align_corners=False)
    return sampled.view(batch, 4, height, width)


def _centredness(points: Float[Tensor, "p 2"], boxes: Float[Tensor, "p 4"]) -> Float[Tensor, " p"]:
    """Returns how near to the middle of its box each point lies, 1 in the middle (FCOS, arXiv 1904.01355).

    A point outside, which only an object without a point of its own has, counts as one near its border.
    """
    before, after = points - boxes[:, :2], boxes[:, 2:] - points
    nearness = torch.minimum(before, after) / torch.maximum(before, after)
    return torch.where((nearness > 0).all(dim=1), nearness.prod(dim=1), OUTSIDE).sqrt()


def build(spec: Spec, inputs: tuple[FeatureSpec, ...], num_classes: int) -> ToodHead:
    """Builds the head for a neck's levels, which must be equally wide."""
    return ToodHead(spec, inputs, num_classes)
