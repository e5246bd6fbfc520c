"""The second stage of Faster R-CNN: what is in each proposed region.

Equal to mmdetection 3.3's StandardRoIHead with two shared layers in losses and predictions (`tests/golden`). One
deviation: there are regions to ignore, and proposals in them teach nothing.

Shapes: b images, p proposals of an image, c classes, r regions of the whole batch, f channels.
"""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torchvision.ops import roi_align

from meshsight.models.anchor_head import each_image
from meshsight.models.anchors import NEUTRAL, apply_deltas, assign_by_iou, encode
from meshsight.models.batch import Targets
from meshsight.models.detector import Candidates
from meshsight.models.detectors.two_stage import RegionSpec
from meshsight.models.parts import FeatureSpec, Pyramid
from meshsight.models.proposals import Proposals
from meshsight.models.sampling import sample_owners
from meshsight.models.sharing import batch_seeds, batch_total
from meshsight.models.topk import best_candidates
from meshsight.specs.decoding import DecodeSpec

NEVER = math.inf


class Samples(NamedTuple):
    """Regions of a batch that the loss is taken of.

    Attributes:
        regions: image index and box.
        class_ids: of their objects; the number of classes stands for background.
        boxes: of their objects; zeros for background.
    """

    regions: Float[Tensor, "r 5"]
    class_ids: Int64[Tensor, " r"]
    boxes: Float[Tensor, "r 4"]


class RegionNetwork(nn.Module):
    """Reads each region from the level that fits its size, and predicts its class and a box for every class."""

    def __init__(self, spec: RegionSpec, inputs: tuple[FeatureSpec, ...], num_classes: int):
        super().__init__()
        self.spec = spec
        self.num_classes = num_classes
        self.strides = tuple(level.stride for level in inputs)
        self.layers = nn.Sequential(
            nn.Linear(inputs[0].channels * spec.side**2, spec.channels),
            nn.ReLU(inplace=True),
            nn.Linear(spec.channels, spec.channels),
            nn.ReLU(inplace=True),
        )
        self.class_out = nn.Linear(spec.channels, num_classes + 1)
        self.box_out = nn.Linear(spec.channels, 4 * num_classes)
        for layer, std in ((self.class_out, 0.01), (self.box_out, 0.001)):
            nn.init.normal_(layer.weight, std=std)
            nn.init.zeros_(layer.bias)

    def forward(
        self, pyramid: Pyramid, regions: Float[Tensor, "r 5"]
    ) -> tuple[Float[Tensor, "r _"], Float[Tensor, "r c 4"]]:
        """Returns logits of the classes and of background, which is last, and deltas for each class.

        Args:
            pyramid: as many levels as the network was built for.
            regions: image index and box in pixels.
        """
        features = self.layers(self.read(pyramid, regions).flatten(1))
        return self.class_out(features).float(), self.box_out(features).float().unflatten(1, (-1, 4))

    def read(self, pyramid: Pyramid, regions: Float[Tensor, "r 5"]) -> Float[Tensor, "r f _ _"]:
        """Returns the features of each region (RoIAlign, He et al. 2017, arXiv 1703.06870)."""
        sides = (regions[:, 3:] - regions[:, 1:3]).clamp(min=0).prod(dim=1).sqrt()
        level = (sides / self.spec.finest_side_px + 1e-6).log2().floor().clamp(0, len(self.strides) - 1)
        if torch.compiler.is_exporting():  # a graph cannot sort regions by level: it reads all from all
            read = [self._align(pyramid, index, regions) for index in range(len(self.strides))]
            chosen = torch.stack(read).gather(0, level.long().view(1, -1, 1, 1, 1).expand(1, *read[0].shape))
            return chosen[0]
        found = pyramid[0].new_zeros(len(regions), pyramid[0].shape[1], self.spec.side, self.spec.side)
        for index in range(len(self.strides)):
            here = torch.nonzero(level == index).flatten()
            found[here] = self._align(pyramid, index, regions[here])
        return found

    def _align(self, pyramid: Pyramid, index: int, regions: Float[Tensor, "r 5"]) -> Float[Tensor, "r f _ _"]:
        scale = 1 / self.strides[index]
        features, how = pyramid[index], self.spec
        return roi_align(features, regions.to(features.dtype), how.side, scale, how.num_readings, how.is_aligned)

    def loss(self, pyramid: Pyramid, proposals: Proposals, targets: Targets) -> dict[str, Float[Tensor, ""]]:
        """Returns `class` and `box`, means over the samples."""
        samples = self.sample(proposals, targets)
        logits, deltas = self(pyramid, samples.regions)
        learns = torch.nonzero(samples.class_ids < self.num_classes).flatten()
        std = deltas.new_tensor(self.spec.delta_std)
        wanted = encode(samples.regions[learns, 1:], samples.boxes[learns]) / std
        own = deltas[learns, samples.class_ids[learns]]
        count = batch_total(deltas.new_tensor(float(len(samples.class_ids))), least=1.0)
        return {
            "class": F.cross_entropy(logits, samples.class_ids, reduction="sum") / count,
            "box": self.spec.box_weight * ((own - wanted).abs().sum() + deltas.sum() * 0) / count,
        }

    @torch.no_grad()
    def sample(self, proposals: Proposals, targets: Targets) -> Samples:
        """Gives every proposal its object or background, and draws the samples."""
        parts: list[Samples] = []
        seeds = batch_seeds(len(proposals.boxes), proposals.boxes.device)
        for index, one in enumerate(each_image(targets)):
            boxes = proposals.boxes[index][proposals.scores[index] > 0]
            if self.spec.num_samples is not None:
                boxes = torch.cat([one.boxes[~one.is_ignored], boxes])
            thresholds = self.spec.positive_iou, self.spec.positive_iou, NEVER
            owner = assign_by_iou(boxes, one.boxes, one.is_ignored, *thresholds)
            if self.spec.num_samples is not None:
                owner = sample_owners(owner, self.spec.num_samples, self.spec.positive_share, seeds[index])
            boxes, owner = boxes[owner != NEUTRAL], owner[owner != NEUTRAL]
            class_ids = torch.full_like(owner, self.num_classes)
            own = torch.zeros_like(boxes)
            class_ids[owner >= 0], own[owner >= 0] = one.class_ids[owner[owner >= 0]], one.boxes[owner[owner >= 0]]
            parts.append(Samples(F.pad(boxes, (1, 0), value=index), class_ids, own))
        return Samples(*(torch.cat(part) for part in zip(*parts, strict=True)))

    def decode(self, pyramid: Pyramid, proposals: Proposals, size_hw: tuple[int, int], spec: DecodeSpec) -> Candidates:
        """Returns the best `num_candidates` pairs of region and class."""
        batch, count = proposals.scores.shape
        image = torch.arange(batch, device=proposals.boxes.device, dtype=proposals.boxes.dtype)
        regions = torch.cat([image.view(-1, 1, 1).expand(-1, count, 1), proposals.boxes], dim=2).flatten(0, 1)
        logits, deltas = self(pyramid, regions)
        scores = logits.softmax(dim=1)[:, :-1] * (proposals.scores.flatten() > 0)[:, None]
        std = deltas.new_tensor(self.spec.delta_std)
        boxes = apply_deltas(regions[:, None, 1:].expand_as(deltas), deltas * std)
        class_ids = torch.arange(self.num_classes, device=boxes.device).repeat(batch, count)[..., None]
        pairs = boxes.reshape(batch, -1, 4), scores.reshape(batch, -1, 1)
        return best_candidates(*pairs, spec, size_hw, class_ids)
