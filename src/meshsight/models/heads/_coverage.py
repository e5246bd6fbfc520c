"""Builds DetectNet_v2's head, after the published behaviour of TAO's TensorFlow back end.

Deviations: there are regions to ignore; the losses' weights are set anew at even shares of a training, where TAO does
it at the end of each epoch; boxes are clustered among the best `num_candidates` cells; TAO's other two clusterings
(suppression, and a mixture) are not here, but `decode.nms_iou` suppresses what is left.

Shapes: b images, n cells, c classes.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from meshsight.core.errors import SpecError
from meshsight.models.anchor_head import each_image
from meshsight.models.batch import Targets
from meshsight.models.clustering import cluster
from meshsight.models.coverage_targets import draw_targets
from meshsight.models.detector import Candidates
from meshsight.models.heads.coverage import Spec
from meshsight.models.parts import FeatureSpec, Head, Pyramid
from meshsight.models.points import cell_centres, grid, level_sizes
from meshsight.models.sharing import batch_sum, num_sharing
from meshsight.models.topk import best_candidates
from meshsight.specs.decoding import DecodeSpec

WEIGHT_LIMITS = (1e-4, 0.9999)
FIRST_BOX = 1.0
"""Distance to all edges that fresh cells predict, in units of `box_scale`."""


class CoverageOutputs(NamedTuple):
    """What the head predicts for every cell, row by row.

    Attributes:
        coverage_logits: that the cell belongs to an object, of each class.
        distances: to the left, top, right and bottom edge of the object of each class, in units of `box_scale`.
    """

    coverage_logits: Float[Tensor, "b n c"]
    distances: Float[Tensor, "b n c4"]


class CoverageHead(Head):
    """Two 1x1 convolutions on one level.

    Attributes:
        weights: of the losses of coverage and boxes; they sum to one.
        sums: of these losses since the weights were set, and how many there were.
        num_set: how often the weights were set.
    """

    def __init__(self, spec: Spec, inputs: tuple[FeatureSpec, ...], num_classes: int):
        super().__init__()
        if len(inputs) != 1:
            raise SpecError(f"head: coverage looks at one level, found {len(inputs)}; take the neck 'level'")
        if spec.class_weights is not None and len(spec.class_weights) != num_classes:
            raise SpecError(f"head.class_weights: expected {num_classes} numbers, found {len(spec.class_weights)}")
        self.spec, self.num_classes, self.stride = spec, num_classes, inputs[0].stride
        self.class_out = nn.Conv2d(inputs[0].channels, num_classes, 1)
        self.box_out = nn.Conv2d(inputs[0].channels, 4 * num_classes, 1)
        nn.init.constant_(self._bias(self.box_out), FIRST_BOX)
        self.weights: Tensor
        self.sums: Tensor
        self.num_set: Tensor
        self.register_buffer("weights", normalised(torch.tensor(spec.first_weights)))
        self.register_buffer("sums", torch.zeros(3, dtype=torch.float64))
        self.register_buffer("num_set", torch.zeros((), dtype=torch.int64))

    @staticmethod
    def _bias(conv: nn.Conv2d) -> Tensor:
        assert conv.bias is not None
        return conv.bias

    def forward(self, pyramid: Pyramid) -> CoverageOutputs:
        """Predicts from every cell."""
        maps = self.class_out(pyramid[0]), self.box_out(pyramid[0])
        return CoverageOutputs(*(part.flatten(2).transpose(1, 2).float() for part in maps))

    def set_progress(self, share: float) -> None:
        """Sets the weights of the losses anew when the next of `num_updates` shares of the training begins."""
        if not self.training or int(share * self.spec.num_updates) <= int(self.num_set):
            return
        self.num_set.fill_(int(share * self.spec.num_updates))
        if self.sums[2] > 0:
            self.weights.copy_(balanced(self.sums[:2] / self.sums[2], self.spec.target_weights))
            self.sums.zero_()

    def loss(self, raw: CoverageOutputs, targets: Targets, size_hw: tuple[int, int]) -> dict[str, Float[Tensor, ""]]:
        """Returns `class`, the loss of the coverage, and `box`, means over all cells and classes."""
        centres, _ = cell_centres(size_hw, (self.stride,), raw.distances.device)
        drawn = [draw_targets(centres, one, self.spec, self.stride, self.num_classes) for one in each_image(targets)]
        coverage, boxes, norm, is_silent = (torch.stack(part) for part in zip(*drawn, strict=True))
        weight = torch.where(coverage > 0.5, self.spec.foreground_weight, 1 - self.spec.foreground_weight)
        losses = F.binary_cross_entropy_with_logits(raw.coverage_logits, coverage, weight=weight, reduction="none")
        wanted = self.distances_to(boxes, size_hw)
        away = (raw.distances.unflatten(2, (self.num_classes, 4)) - wanted).abs().mean(dim=-1) * norm
        by_class = raw.distances.new_tensor(self.spec.class_weights or (1.0,) * self.num_classes)
        by_class = by_class / by_class.sum() * self.num_classes
        costs = torch.stack([(losses * ~is_silent * by_class).mean(), (away * by_class).mean()])
        if self.training and torch.is_grad_enabled():
            shared = batch_sum(costs.detach().double()) / num_sharing()
            self.sums += torch.cat([shared, self.sums.new_ones(1)])
        return dict(zip(("class", "box"), (costs * self.weights).unbind(), strict=True))

    def distances_to(self, boxes: Float[Tensor, "*b n c 4"], size_hw: tuple[int, int]) -> Float[Tensor, "*b n c 4"]:
        """Returns what cells should say of boxes."""
        places = self._places(size_hw, boxes.device)[:, None]
        return torch.cat([places - boxes[..., :2], boxes[..., 2:] - places], dim=-1) / self.spec.box_scale

    def boxes(self, raw: CoverageOutputs, size_hw: tuple[int, int]) -> Float[Tensor, "b n c 4"]:
        """Returns the predicted box of every cell and class, cut to the input."""
        places = self._places(size_hw, raw.distances.device)[:, None]
        distances = raw.distances.unflatten(2, (self.num_classes, 4)) * self.spec.box_scale
        limit = places.new_tensor([size_hw[1], size_hw[0]] * 2)
        found = torch.cat([places - distances[..., :2], places + distances[..., 2:]], dim=-1)
        return torch.minimum(found.clamp(min=0), limit)

    def _places(self, size_hw: tuple[int, int], device: torch.device) -> Float[Tensor, "n 2"]:
        """Where cells count from: their first pixel, and the offset."""
        ((rows, columns),) = level_sizes(size_hw, (self.stride,))
        return grid(rows, columns, self.stride, 0.0, device) + self.spec.box_offset

    def decode(self, raw: CoverageOutputs, size_hw: tuple[int, int], spec: DecodeSpec) -> Candidates:
        """Returns the clusters among the `num_candidates` cells that cover most."""
        coverage = raw.coverage_logits.sigmoid().flatten(1)
        count = min(spec.num_candidates, coverage.shape[1])
        best, index = coverage.topk(count, dim=1)
        weights = best * (best > self.spec.coverage_threshold)
        boxes = self.boxes(raw, size_hw).flatten(1, 2).gather(1, index[..., None].expand(-1, -1, 4))
        class_ids = index % self.num_classes
        found = cluster(boxes, weights, class_ids, self.spec.eps, self.spec.min_coverage)
        aggregate = found.weight / (1 + found.weight)
        score = aggregate if self.spec.confidence == "aggregate" else found.weight / found.size.clamp(min=1)
        is_high = found.boxes[..., 3] - found.boxes[..., 1] > self.spec.min_height_px
        return best_candidates(found.boxes, (score * is_high)[..., None], spec, size_hw, class_ids[..., None])


def normalised(weights: Tensor) -> Tensor:
    """Returns weights that sum to one."""
    return weights / weights.sum()


def balanced(costs: Float[Tensor, "2"], targets: tuple[float, float]) -> Float[Tensor, "2"]:
    """Returns the weights by which mean losses come into the wanted ratio; neither gets out of sight."""
    weights = normalised(costs.new_tensor(targets) / costs.clamp(min=1e-12))
    return weights.clamp(*WEIGHT_LIMITS).float()


def build(spec: Spec, inputs: tuple[FeatureSpec, ...], num_classes: int) -> CoverageHead:
    """Builds the head for one level.

    Raises:
        SpecError: there are several levels, or not a weight for each class.
    """
    return CoverageHead(spec, inputs, num_classes)
