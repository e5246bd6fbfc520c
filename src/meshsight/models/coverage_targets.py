"""What the cells of DetectNet_v2's grid should say: ellipses drawn around objects, the lower object in front.

Shapes: n cells of the grid, m objects of an image, c classes.
"""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from meshsight.models.anchor_head import ImageTargets
from meshsight.models.heads.coverage import Spec


class CoverageTargets(NamedTuple):
    """The truth of an image on the grid.

    Attributes:
        coverage: 1 where a cell belongs to an object of the class.
        boxes: xyxy of that object; zeros elsewhere.
        norm: weight of the cell's box, so that every object weighs the same.
        is_silent: cells that learn nothing of the class.
    """

    coverage: Float[Tensor, "n c"]
    boxes: Float[Tensor, "n c 4"]
    norm: Float[Tensor, "n c"]
    is_silent: Bool[Tensor, "n c"]


def draw_targets(
    centres: Float[Tensor, "n 2"], one: ImageTargets, spec: Spec, stride: int, num_classes: int
) -> CoverageTargets:
    """Draws the objects of an image, the lowest last; cells in regions to ignore learn nothing unless they are covered.

    Args:
        centres: of the cells, in pixels.
        one: objects and regions to ignore.
        spec: the ellipses.
        stride: pixels from one cell to the next.
        num_classes: number of classes.
    """
    count = len(centres)
    coverage = centres.new_zeros(count, num_classes)
    boxes, norm = centres.new_zeros(count, num_classes, 4), centres.new_zeros(count, num_classes)
    is_silent = in_boxes(centres, one.boxes[one.is_ignored])[:, None].repeat(1, num_classes)
    objects = torch.nonzero(~one.is_ignored).flatten()
    for index in objects[one.boxes[objects, 3].argsort(stable=True)].tolist():
        box, label = one.boxes[index], int(one.class_ids[index])
        radii = coverage_radii(box, spec, stride)
        half = (box[2:] - box[:2]) / 2
        dead = torch.maximum((1 - spec.dead_zone) * radii + spec.dead_zone * half, radii)
        inside, near = in_ellipse(centres, box, radii), in_ellipse(centres, box, dead)
        coverage[near, label], is_silent[near, label] = 0, True
        boxes[near, label], norm[near, label] = 0, 0
        coverage[inside, label], is_silent[inside, label] = 1, False
        boxes[inside, label] = box
        norm[inside, label] = 1 / (4 * radii.prod() / stride**2).clamp(min=1)
    return CoverageTargets(coverage, boxes, norm, is_silent)


def coverage_radii(box: Float[Tensor, "4"], spec: Spec, stride: int) -> Float[Tensor, "2"]:
    """Returns the semi-axes (x, y) in pixels; the shorter one is at least `min_radius` cells, the shape kept."""
    half = ((box[2:] - box[:2]) / 2).clamp(min=1e-3)
    radii = half * half.new_tensor(spec.coverage_radius)
    return radii * (spec.min_radius * stride / radii.min()).clamp(min=1)


def in_ellipse(centres: Float[Tensor, "n 2"], box: Float[Tensor, "4"], radii: Float[Tensor, "2"]) -> Bool[Tensor, " n"]:
    """Tells which cells have their centre in the ellipse around a box's middle."""
    middle = (box[:2] + box[2:]) / 2
    return (((centres - middle) / radii) ** 2).sum(dim=1) <= 1


def in_boxes(centres: Float[Tensor, "n 2"], boxes: Float[Tensor, "m 4"]) -> Bool[Tensor, " n"]:
    """Tells which cells have their centre in any of the boxes."""
    return ((centres >= boxes[:, None, :2]) & (centres < boxes[:, None, 2:])).all(dim=-1).any(dim=0)
