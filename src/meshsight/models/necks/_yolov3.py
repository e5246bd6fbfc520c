"""Builds YOLOv3's neck: from the coarsest level down, each level joined with the one before it.

Equal to mmdetection's YOLOV3Neck (`tests/golden`) number for number.
"""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from meshsight.models.leaky import ConvLeaky
from meshsight.models.necks.yolov3 import Spec
from meshsight.models.parts import FeatureSpec, Neck, Pyramid


class Yolov3Neck(Neck):
    """One block of five convolutions for each level."""

    def __init__(self, spec: Spec, inputs: tuple[FeatureSpec, ...]):
        super().__init__()
        widths = [spec.channels << index for index in range(len(inputs))]
        self.features = tuple(FeatureSpec(width, level.stride) for width, level in zip(widths, inputs, strict=True))
        joined = [level.channels + width for level, width in zip(inputs[:-1], widths[:-1], strict=True)]
        ends = zip([*joined, inputs[-1].channels], widths, strict=True)
        self.blocks = nn.ModuleList(_block(channels, width) for channels, width in ends)
        self.reduce = nn.ModuleList(ConvLeaky(coarse, fine, 1) for fine, coarse in pairwise(widths))

    def forward(self, pyramid: Pyramid) -> Pyramid:
        """Returns a map for each level, narrower than the backbone's."""
        levels: list[Tensor] = [self.blocks[-1](pyramid[-1])]
        for i in range(len(pyramid) - 2, -1, -1):
            larger = F.interpolate(self.reduce[i](levels[0]), size=pyramid[i].shape[-2:], mode="nearest")
            levels.insert(0, self.blocks[i](torch.cat([larger, pyramid[i]], dim=1)))
        return levels


def _block(channels_in: int, channels: int) -> nn.Sequential:
    """Returns 1x1 and 3x3 convolutions in turn, the 3x3 ones to twice the width."""
    narrow = [ConvLeaky(before, channels, 1) for before in (channels_in, 2 * channels, 2 * channels)]
    wide = [ConvLeaky(channels, 2 * channels, 3) for _ in range(2)]
    return nn.Sequential(narrow[0], wide[0], narrow[1], wide[1], narrow[2])


def build(spec: Spec, inputs: tuple[FeatureSpec, ...]) -> Yolov3Neck:
    """Builds the neck for a backbone's levels."""
    return Yolov3Neck(spec, inputs)
