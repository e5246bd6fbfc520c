"""Builds CSPDarknet: pixels folded into channels, then four stages that each halve the map.

Equal to mmdetection's CSPDarknet (`tests/golden`) number for number.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from meshsight.models.backbones.csp_darknet import Spec
from meshsight.models.csp import ConvSilu, CspLayer, conv_block
from meshsight.models.parts import Backbone, FeatureSpec, Pyramid

CHANNELS = (64, 128, 256, 512, 1024)
NUM_BLOCKS = (3, 9, 9, 3)
POOL_SIDES = (5, 9, 13)
FIRST_GIVEN = 1
"""The first stage, at stride 4, is not given."""


class FoldedStem(nn.Module):
    """Folds each 2x2 pixels into channels, column by column, and convolves."""

    def __init__(self, channels: int):
        super().__init__()
        self.conv = ConvSilu(12, channels, 3)

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b c _ _"]:
        """Returns a map at stride 2."""
        return self.conv(torch.cat([images[..., row::2, column::2] for column in (0, 1) for row in (0, 1)], dim=1))


class PyramidPooling(nn.Module):
    """The map beside its maxima over windows of three sizes (SPP, arXiv 1406.4729)."""

    def __init__(self, channels: int):
        super().__init__()
        self.narrow = ConvSilu(channels, channels // 2, 1)
        self.pools = nn.ModuleList(nn.MaxPool2d(side, stride=1, padding=side // 2) for side in POOL_SIDES)
        self.widen = ConvSilu(channels // 2 * (len(POOL_SIDES) + 1), channels, 1)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Returns a map of the same shape."""
        x = self.narrow(x)
        return self.widen(torch.cat([x, *(pool(x) for pool in self.pools)], dim=1))


class CspDarknet(Backbone):
    """Stages at strides 4 to 32, of which the last three are given."""

    def __init__(self, spec: Spec):
        super().__init__()
        widths = [int(channels * spec.width) for channels in CHANNELS]
        self.stem = FoldedStem(widths[0])
        stages: list[nn.Module] = []
        for index, num_blocks in enumerate(NUM_BLOCKS):
            before, channels, is_last = widths[index], widths[index + 1], index == len(NUM_BLOCKS) - 1
            layer = CspLayer(
                channels,
                channels,
                max(round(num_blocks * spec.depth), 1),
                has_shortcut=not is_last,
                is_depthwise=spec.is_depthwise,
            )
            coarser = conv_block(before, channels, 3, 2, spec.is_depthwise)
            pooling = [PyramidPooling(channels)] if is_last else []
            stages.append(nn.Sequential(coarser, *pooling, layer))
        self.stages = nn.ModuleList(stages)
        given = range(FIRST_GIVEN, len(stages))
        self.features = tuple(FeatureSpec(widths[index + 1], 4 << index) for index in given)

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Pyramid:
        """Returns the maps at strides 8, 16 and 32."""
        x = self.stem(images)
        levels: list[Tensor] = []
        for stage in self.stages:
            x = stage(x)
            levels.append(x)
        return levels[FIRST_GIVEN:]


def build(spec: Spec, is_pretrained: bool) -> CspDarknet:
    """Builds the backbone with random weights; pretrained ones are imported with a whole detector."""
    return CspDarknet(spec)
