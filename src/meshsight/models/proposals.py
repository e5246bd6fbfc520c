"""The region proposal network, the first stage of Faster R-CNN (Ren et al. 2015, arXiv 1506.01497).

Equal to mmdetection 3.3's RPNHead in outputs, losses and proposals (`tests/golden`). One deviation: there are regions
to ignore. Shapes: b images, n anchors of all levels, p proposals of an image.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from meshsight.models.anchor_head import by_anchor, each_image
from meshsight.models.anchors import (
    NEUTRAL,
    anchors_per_cell,
    apply_deltas,
    assign_by_iou,
    encode,
    make_anchors,
)
from meshsight.models.batch import Targets
from meshsight.models.detectors.two_stage import ProposalSpec
from meshsight.models.parts import FeatureSpec, Pyramid
from meshsight.models.sampling import sample_owners
from meshsight.models.sharing import batch_seeds, batch_total
from meshsight.models.suppression import becomes_graph, suppress


class Proposals(NamedTuple):
    """Regions that may hold an object, best first.

    Attributes:
        boxes: within the input, pixels.
        scores: that there is an object; 0 fills up where there are fewer.
    """

    boxes: Float[Tensor, "b p 4"]
    scores: Float[Tensor, "b p"]


class ProposalNetwork(nn.Module):
    """One convolution that all levels share, and an objectness and a box from every anchor."""

    def __init__(self, spec: ProposalSpec, inputs: tuple[FeatureSpec, ...]):
        super().__init__()
        self.spec = spec
        self.strides = tuple(level.stride for level in inputs)
        count = anchors_per_cell(spec.anchors)
        self.conv = nn.Conv2d(inputs[0].channels, spec.channels, 3, padding=1)
        self.objectness_out = nn.Conv2d(spec.channels, count, 1)
        self.box_out = nn.Conv2d(spec.channels, 4 * count, 1)
        for conv in (self.conv, self.objectness_out, self.box_out):
            assert conv.bias is not None
            nn.init.normal_(conv.weight, std=0.01)
            nn.init.zeros_(conv.bias)

    def forward(self, pyramid: Pyramid) -> tuple[Float[Tensor, "b n 1"], Float[Tensor, "b n 4"]]:
        """Returns objectness logits and deltas of every anchor."""
        features = [F.relu(self.conv(level)) for level in pyramid]
        logits = [by_anchor(self.objectness_out(level), 1) for level in features]
        deltas = [by_anchor(self.box_out(level), 4) for level in features]
        return torch.cat(logits, dim=1).float(), torch.cat(deltas, dim=1).float()

    @torch.no_grad()
    def propose(
        self, logits: Float[Tensor, "b n 1"], deltas: Float[Tensor, "b n 4"], size_hw: tuple[int, int]
    ) -> Proposals:
        """Returns the best anchors of each level, moved to their boxes and suppressed against each other."""
        anchors = make_anchors(self.spec.anchors, size_hw, self.strides, deltas.device)
        counts = [len(level) for level in anchors]
        levels = zip(anchors, logits.split(counts, 1), deltas.split(counts, 1), strict=True)
        found = [self._propose_level(*level, size_hw) for level in levels]
        boxes, scores = (torch.cat(parts, dim=1) for parts in zip(*found, strict=True))
        count = min(self.spec.num_proposals, scores.shape[1])
        if not becomes_graph():  # what is suppressed need not go through the second stage
            count = min(count, max(1, int((scores > 0).sum(dim=1).max())))
        best, index = scores.topk(count, dim=1)
        return Proposals(boxes.gather(1, index[..., None].expand(-1, -1, 4)), best)

    def _propose_level(self, anchors: Tensor, logits: Tensor, deltas: Tensor, size_hw: tuple[int, int]) -> Proposals:
        count = min(self.spec.num_per_level * (2 if self.training else 1), len(anchors))
        best, index = logits[..., 0].sigmoid().topk(count, dim=1)
        where = index[..., None].expand(-1, -1, 4)
        boxes = apply_deltas(anchors.expand_as(deltas).gather(1, where), deltas.gather(1, where))
        limit = torch.tensor([size_hw[1], size_hw[0]] * 2, dtype=boxes.dtype, device=boxes.device)
        boxes = torch.minimum(boxes.clamp(min=0), limit)
        has_area = (boxes[..., 2:] > boxes[..., :2]).all(dim=-1)
        return Proposals(boxes, best * (suppress(boxes, self.spec.nms_iou) & has_area))

    def loss(
        self,
        logits: Float[Tensor, "b n 1"],
        deltas: Float[Tensor, "b n 4"],
        targets: Targets,
        size_hw: tuple[int, int],
    ) -> dict[str, Float[Tensor, ""]]:
        """Returns `proposal_class` and `proposal_box`, divided by the samples, or by the positives without sampling."""
        anchors = torch.cat(make_anchors(self.spec.anchors, size_hw, self.strides, deltas.device))
        class_sum, box_sum, normaliser = logits.sum() * 0, deltas.sum() * 0, 0
        seeds = batch_seeds(len(logits), logits.device)
        for index, one in enumerate(each_image(targets)):
            thresholds = self.spec.positive_iou, self.spec.negative_iou, self.spec.best_iou
            owner = assign_by_iou(anchors, one.boxes, one.is_ignored, *thresholds)
            if self.spec.num_samples is not None:
                owner = sample_owners(owner, self.spec.num_samples, self.spec.positive_share, seeds[index])
            learns, counts = owner >= 0, owner != NEUTRAL
            wanted = encode(anchors[learns], one.boxes[owner[learns]])
            class_sum = class_sum + F.binary_cross_entropy_with_logits(
                logits[index, counts, 0], learns[counts].float(), reduction="sum"
            )
            box_sum = box_sum + (deltas[index, learns] - wanted).abs().sum()
            normaliser += int((learns if self.spec.num_samples is None else counts).sum())
        total = batch_total(logits.new_tensor(float(normaliser)), least=1.0)
        return {"proposal_class": class_sum / total, "proposal_box": self.spec.box_weight * box_sum / total}
