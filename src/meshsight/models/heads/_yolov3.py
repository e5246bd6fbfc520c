"""Builds YOLOv3's head: a 3x3 and a 1x1 convolution on each level.

Equal to mmdetection 3.3's YOLOV3Head in outputs and losses, which are sums over the batch (`tests/golden`). Deviations:
there are regions to ignore; a candidate's score is class times objectness from the start, where mmdetection compares
the class alone with the threshold; boxes are clipped to the input before suppression.

Shapes: b images, n anchors of all levels (finest first; row by row; cell by cell), m objects, c classes.
"""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn

from meshsight.core.errors import SpecError
from meshsight.models.anchor_head import ImageTargets, each_image
from meshsight.models.anchors import is_inside
from meshsight.models.batch import Targets
from meshsight.models.boxes import pairwise_iou
from meshsight.models.detector import Candidates
from meshsight.models.heads.yolov3 import Spec
from meshsight.models.leaky import ConvLeaky
from meshsight.models.parts import FeatureSpec, Head, Pyramid
from meshsight.models.points import grid, level_sizes
from meshsight.models.sharing import num_sharing
from meshsight.models.topk import best_candidates
from meshsight.specs.decoding import DecodeSpec

PRIOR_SCORE = 0.01
OBJECTS_IN_IMAGE = 8
IMAGE_SIDE = 608
"""The objectness begins as if there were so many objects in an image of this side."""
NEUTRAL, BACKGROUND = -2, -1
TINY = 1e-6


class Yolov3Outputs(NamedTuple):
    """What the head predicts for every anchor.

    Attributes:
        class_logits: one independent logit for each class, given that there is an object.
        offsets: logits of the centre's place in the cell, x and y, and logarithms of the sides over the anchor's.
        objectness_logits: that there is an object.
    """

    class_logits: Float[Tensor, "b n c"]
    offsets: Float[Tensor, "b n 4"]
    objectness_logits: Float[Tensor, "b n 1"]


class Anchors(NamedTuple):
    """Every anchor of an image.

    Attributes:
        centres: of their cells, pixels.
        sides: width and height, pixels.
        strides: of their levels.
    """

    centres: Float[Tensor, "n 2"]
    sides: Float[Tensor, "n 2"]
    strides: Float[Tensor, " n"]

    @property
    def boxes(self) -> Float[Tensor, "n 4"]:
        """The anchors as boxes."""
        return torch.cat([self.centres - self.sides / 2, self.centres + self.sides / 2], dim=1)


class Yolov3Head(Head):
    """A pair of convolutions for each level."""

    def __init__(self, spec: Spec, inputs: tuple[FeatureSpec, ...], num_classes: int):
        super().__init__()
        self.spec = spec
        self.num_classes = num_classes
        self.strides = tuple(level.stride for level in inputs)
        count = len(spec.anchors[0])
        if len(spec.anchors) != len(inputs) or any(len(level) != count for level in spec.anchors):
            found = ", ".join(str(len(level)) for level in spec.anchors)
            raise SpecError(f"head.anchors: expected {len(inputs)} levels of equally many anchors, found {found}")
        self.bridge = nn.ModuleList(ConvLeaky(level.channels, 2 * level.channels, 3) for level in inputs)
        self.out = nn.ModuleList(_out(2 * level.channels, level.stride, count, num_classes) for level in inputs)

    def forward(self, pyramid: Pyramid) -> Yolov3Outputs:
        """Predicts for every anchor of every level."""
        levels = zip(pyramid, self.bridge, self.out, strict=True)
        maps = [out(bridge(level)) for level, bridge, out in levels]
        width = 5 + self.num_classes
        rows = torch.cat([m.permute(0, 2, 3, 1).reshape(m.shape[0], -1, width) for m in maps], dim=1).float()
        return Yolov3Outputs(rows[..., 5:], rows[..., :4], rows[..., 4:5])

    def anchors(self, size_hw: tuple[int, int], device: torch.device) -> Anchors:
        """Returns every anchor of an input."""
        parts: list[Anchors] = []
        for size, stride, sides in zip(
            level_sizes(size_hw, self.strides), self.strides, self.spec.anchors, strict=True
        ):
            centres = grid(*size, stride, 0.5, device)
            parts.append(
                Anchors(
                    centres.repeat_interleave(len(sides), dim=0),
                    torch.tensor(sides, device=device).repeat(len(centres), 1),
                    torch.full((len(centres) * len(sides),), float(stride), device=device),
                )
            )
        return Anchors(*(torch.cat(part) for part in zip(*parts, strict=True)))

    def boxes(self, raw: Yolov3Outputs, size_hw: tuple[int, int]) -> Float[Tensor, "b n 4"]:
        """Returns the predicted box of every anchor, in pixels."""
        anchors = self.anchors(size_hw, raw.offsets.device)
        middles = anchors.centres + (raw.offsets[..., :2].sigmoid() - 0.5) * anchors.strides[:, None]
        half = anchors.sides / 2 * raw.offsets[..., 2:].exp()
        return torch.cat([middles - half, middles + half], dim=-1)

    def loss(self, raw: Yolov3Outputs, targets: Targets, size_hw: tuple[int, int]) -> dict[str, Float[Tensor, ""]]:
        """Returns the terms `class`, `objectness`, `centre` and `sides`, summed over the batch."""
        anchors = self.anchors(size_hw, raw.offsets.device)
        sums: dict[str, Tensor] = {}
        for index, one in enumerate(each_image(targets)):
            image = Yolov3Outputs(*(part[index] for part in raw))
            for name, term in self._image_losses(anchors, image, one).items():
                sums[name] = sums.get(name, 0) + term * num_sharing()
        return sums

    def _image_losses(self, anchors: Anchors, image: Yolov3Outputs, one: ImageTargets) -> dict[str, Float[Tensor, ""]]:
        owner = self._owners(anchors, one)
        learns = owner >= 0
        boxes, class_ids = one.boxes[owner[learns]], one.class_ids[owner[learns]]
        middles, sides = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
        places = (middles - anchors.centres[learns]) / anchors.strides[learns, None] + 0.5
        wanted_sides = (sides / anchors.sides[learns]).clamp(min=TINY).log()
        classes = F.one_hot(class_ids, self.num_classes).float()
        objectness = F.binary_cross_entropy_with_logits(image.objectness_logits[:, 0], learns.float(), reduction="none")
        own = image.offsets[learns]
        centre = F.binary_cross_entropy_with_logits(own[:, :2], places.clamp(TINY, 1 - TINY), reduction="sum")
        return {
            "class": F.binary_cross_entropy_with_logits(image.class_logits[learns], classes, reduction="sum"),
            "objectness": objectness[owner != NEUTRAL].sum(),
            "centre": self.spec.box_weight * centre,
            "sides": self.spec.box_weight * ((own[:, 2:] - wanted_sides) ** 2).sum(),
        }

    def _owners(self, anchors: Anchors, one: ImageTargets) -> Int64[Tensor, " n"]:
        """Returns the object that each anchor learns, or `BACKGROUND`, or `NEUTRAL`."""
        boxes = anchors.boxes
        real = torch.nonzero(~one.is_ignored).flatten()
        owner = torch.full((len(boxes),), BACKGROUND, dtype=torch.int64, device=boxes.device)
        if len(real):
            iou = pairwise_iou(one.boxes[real], boxes)
            owner[iou.amax(dim=0) > self.spec.negative_iou] = NEUTRAL
            iou = torch.where(_holds_centre(anchors, one.boxes[real]), iou, -1.0)
            best, index = iou.max(dim=0)
            owner = torch.where(best > self.spec.positive_iou, real[index], owner)
            is_best = (iou == iou.amax(dim=1, keepdim=True)) & (iou > 0)
            last = (is_best * torch.arange(1, len(real) + 1, device=boxes.device)[:, None]).amax(dim=0)
            owner = torch.where(last > 0, real[last - 1], owner)
        if bool(one.is_ignored.any()):
            ignored = one.boxes[one.is_ignored]
            owner[(owner == BACKGROUND) & is_inside(boxes, ignored, self.spec.negative_iou)] = NEUTRAL
        return owner

    def decode(self, raw: Yolov3Outputs, size_hw: tuple[int, int], spec: DecodeSpec) -> Candidates:
        """Returns the best `num_candidates` pairs of anchor and class."""
        scores = raw.class_logits.sigmoid() * raw.objectness_logits.sigmoid()
        return best_candidates(self.boxes(raw, size_hw), scores, spec, size_hw)


def _out(channels: int, stride: int, num_anchors: int, num_classes: int) -> nn.Conv2d:
    conv = nn.Conv2d(channels, num_anchors * (5 + num_classes), 1)
    assert conv.bias is not None
    nn.init.normal_(conv.weight, std=0.01)
    nn.init.zeros_(conv.bias)
    objectness = min(OBJECTS_IN_IMAGE / (IMAGE_SIDE / stride) ** 2, 0.5)
    with torch.no_grad():
        biases = conv.bias.view(num_anchors, -1)
        biases[:, 4] = -math.log(1 / objectness - 1)
        biases[:, 5:] = -math.log(1 / PRIOR_SCORE - 1)
    return conv


def _holds_centre(anchors: Anchors, boxes: Float[Tensor, "m 4"]) -> Bool[Tensor, "m n"]:
    """Tells whether the centre of an object lies in the cell of an anchor."""
    middles = (boxes[:, None, :2] + boxes[:, None, 2:]) / 2
    cells = (anchors.centres / anchors.strides[:, None]).floor()
    return ((middles / anchors.strides[:, None]).floor() == cells).all(dim=-1)


def build(spec: Spec, inputs: tuple[FeatureSpec, ...], num_classes: int) -> Yolov3Head:
    """Builds the head for a neck's levels.

    Raises:
        SpecError: the anchors are for another number of levels.
    """
    return Yolov3Head(spec, inputs, num_classes)
