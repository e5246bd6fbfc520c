"""Builds YOLOX's neck: down from the coarsest level, up again, each step joining two maps.

Equal to mmdetection's YOLOXPAFPN (`tests/golden`) number for number.
"""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from meshsight.models.csp import ConvSilu, CspLayer, conv_block
from meshsight.models.necks.yolox import Spec
from meshsight.models.parts import FeatureSpec, Neck, Pyramid


class YoloxNeck(Neck):
    """Levels keep the backbone's widths on the way, and get one width at the end."""

    def __init__(self, spec: Spec, inputs: tuple[FeatureSpec, ...]):
        super().__init__()
        self.features = tuple(FeatureSpec(spec.channels, level.stride) for level in inputs)
        widths = [level.channels for level in inputs]
        self.reduce = nn.ModuleList(ConvSilu(coarse, fine, 1) for fine, coarse in pairwise(widths))
        self.join_down = nn.ModuleList(_layer(2 * fine, fine, spec) for fine in widths[:-1])
        self.down = nn.ModuleList(conv_block(fine, fine, 3, 2, spec.is_depthwise) for fine in widths[:-1])
        self.join_up = nn.ModuleList(_layer(2 * fine, coarse, spec) for fine, coarse in pairwise(widths))
        self.output = nn.ModuleList(ConvSilu(width, spec.channels, 1) for width in widths)

    def forward(self, pyramid: Pyramid) -> Pyramid:
        """Returns one map of equal width for each level."""
        reduced = list(pyramid)
        for i in range(len(pyramid) - 2, -1, -1):
            reduced[i + 1] = self.reduce[i](reduced[i + 1])
            larger = F.interpolate(reduced[i + 1], size=pyramid[i].shape[-2:], mode="nearest")
            reduced[i] = self.join_down[i](torch.cat([larger, pyramid[i]], dim=1))
        levels: list[Tensor] = [reduced[0]]
        for i, (down, join) in enumerate(zip(self.down, self.join_up, strict=True)):
            levels.append(join(torch.cat([down(levels[-1]), reduced[i + 1]], dim=1)))
        return [conv(level) for conv, level in zip(self.output, levels, strict=True)]


def _layer(channels_in: int, channels_out: int, spec: Spec) -> CspLayer:
    return CspLayer(channels_in, channels_out, spec.num_blocks, has_shortcut=False, is_depthwise=spec.is_depthwise)


def build(spec: Spec, inputs: tuple[FeatureSpec, ...]) -> YoloxNeck:
    """Builds the neck for a backbone's levels."""
    return YoloxNeck(spec, inputs)
