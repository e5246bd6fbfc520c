"""Anchors: where they lie, how boxes are coded against them, and which of them learn what; parts of step 7.

As in mmdetection's RetinaNet: an anchor's centre is its cell's top left corner, deltas are not scaled.

Shapes: n anchors of all levels (finest first; row by row; within a cell ratio by ratio, scale by scale), m targets.
"""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from meshsight.models.anchor_spec import AnchorSpec
from meshsight.models.boxes import pairwise_iou
from meshsight.models.points import grid, level_sizes

MAX_LOG_RATIO = math.log(1000 / 16)  # A box grows at most this much against its anchor (Detectron).

BACKGROUND = -1
NEUTRAL = -2


def anchors_per_cell(spec: AnchorSpec) -> int:
    """Returns the number of anchors of a cell."""
    return len(spec.ratios) * spec.num_octave_scales


def cell_anchors(spec: AnchorSpec, stride: int) -> Float[Tensor, "k 4"]:
    """Returns the anchors of a cell at the origin."""
    sides = stride * spec.base_scale * 2 ** (torch.arange(spec.num_octave_scales) / spec.num_octave_scales)
    sides = sides.floor() if spec.is_rounded else sides
    roots = torch.tensor(spec.ratios).sqrt()
    widths, heights = (sides / roots[:, None]).flatten(), (sides * roots[:, None]).flatten()
    corners = torch.stack([-widths, -heights, widths, heights], dim=1) / 2
    return corners.round() if spec.is_rounded else corners


def make_anchors(
    spec: AnchorSpec, size_hw: tuple[int, int], strides: Sequence[int], device: torch.device
) -> list[Float[Tensor, "_ 4"]]:
    """Returns the anchors of each level, in pixels."""
    levels: list[Tensor] = []
    for (rows, columns), stride in zip(level_sizes(size_hw, strides), strides, strict=True):
        corners = grid(rows, columns, stride, 0.0, device).repeat(1, 2)
        levels.append((corners[:, None] + cell_anchors(spec, stride).to(device)).flatten(0, 1))
    return levels


def encode(anchors: Float[Tensor, "n 4"], boxes: Float[Tensor, "n 4"]) -> Float[Tensor, "n 4"]:
    """Returns the deltas (dx, dy, log dw, log dh) that lead from anchors to boxes."""
    sides = anchors[:, 2:] - anchors[:, :2]
    shift = (boxes[:, :2] + boxes[:, 2:] - anchors[:, :2] - anchors[:, 2:]) / 2 / sides
    return torch.cat([shift, ((boxes[:, 2:] - boxes[:, :2]) / sides).log()], dim=1)


def apply_deltas(anchors: Float[Tensor, "*n 4"], deltas: Float[Tensor, "*n 4"]) -> Float[Tensor, "*n 4"]:
    """Returns the boxes that deltas lead to."""
    sides = anchors[..., 2:] - anchors[..., :2]
    centres = (anchors[..., :2] + anchors[..., 2:]) / 2 + deltas[..., :2] * sides
    half = sides * deltas[..., 2:].clamp(-MAX_LOG_RATIO, MAX_LOG_RATIO).exp() / 2
    return torch.cat([centres - half, centres + half], dim=-1)


def assign_by_iou(
    anchors: Float[Tensor, "n 4"],
    boxes: Float[Tensor, "m 4"],
    is_ignored: Bool[Tensor, " m"],
    positive_iou: float,
    negative_iou: float,
    best_iou: float = 0.0,
) -> Int64[Tensor, " n"]:
    """Returns the index of the box that each anchor learns, or `BACKGROUND`, or `NEUTRAL`.

    An anchor learns the box it overlaps most if the IoU is at least `positive_iou`. Besides, the anchors that overlap a
    box most (all that tie, as long as they overlap at all, and by `best_iou`) learn it; of several such boxes the last.
    Anchors that would be background but overlap an ignored box with `negative_iou`, or lie in it by more than half, are
    neutral.
    """
    owner = torch.full((len(anchors),), BACKGROUND, dtype=torch.int64, device=anchors.device)
    real = torch.nonzero(~is_ignored).flatten()
    if len(real) > 0:
        iou = pairwise_iou(boxes[real], anchors)
        best, index = iou.max(dim=0)
        owner[best >= negative_iou] = NEUTRAL
        owner = torch.where(best >= positive_iou, real[index], owner)
        is_best = (iou == iou.amax(dim=1, keepdim=True)) & (iou > 0) & (iou >= best_iou)
        last = (is_best * torch.arange(1, len(real) + 1, device=anchors.device)[:, None]).amax(dim=0)
        owner = torch.where(last > 0, real[last - 1], owner)
    if bool(is_ignored.any()):
        owner[(owner == BACKGROUND) & is_inside(anchors, boxes[is_ignored], negative_iou)] = NEUTRAL
    return owner


def is_inside(anchors: Float[Tensor, "n 4"], ignored: Float[Tensor, "k 4"], iou: float) -> Bool[Tensor, " n"]:
    """Tells which anchors lie in a region to ignore by more than half, or overlap one with at least `iou`."""
    shared = torch.minimum(ignored[:, None, 2:], anchors[:, 2:]) - torch.maximum(ignored[:, None, :2], anchors[:, :2])
    share = shared.clamp(min=0).prod(dim=-1) / (anchors[:, 2:] - anchors[:, :2]).prod(dim=-1)
    return ((share > 0.5) | (pairwise_iou(ignored, anchors) >= iou)).any(dim=0)
