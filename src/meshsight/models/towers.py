"""Rows of 3x3 convolutions that are shared by all levels of a pyramid."""

from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn

from meshsight.models.parts import FeatureSpec, Pyramid


def small_conv(channels_in: int, channels_out: int, bias: float | None = 0.0) -> nn.Conv2d:
    """Returns a 3x3 convolution that starts with weights of deviation 0.01 and the given bias, or has none."""
    conv = nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=bias is not None)
    nn.init.normal_(conv.weight, std=0.01)
    if conv.bias is not None:
        nn.init.constant_(conv.bias, bias or 0.0)
    return conv


class PlainTower(nn.Sequential):
    """Convolutions with ReLUs."""

    def __init__(self, channels_in: int, channels: int, num_convs: int):
        layers: list[nn.Module] = []
        for i in range(num_convs):
            layers += [small_conv(channels if i else channels_in, channels), nn.ReLU(inplace=True)]
        super().__init__(*layers)

    def forward(self, input: Pyramid) -> list[Tensor]:
        """Returns one map for each level."""
        return [super(PlainTower, self).forward(level) for level in input]


class LevelNormTower(nn.Module):
    """Convolutions that the levels share, each followed by a batch normalisation of the level's own and a ReLU."""

    def __init__(self, inputs: tuple[FeatureSpec, ...], channels: int, num_convs: int):
        super().__init__()
        widths = [inputs[0].channels, *[channels] * num_convs]
        self.convs = nn.ModuleList(small_conv(a, b, None) for a, b in pairwise(widths))
        self.norms = nn.ModuleList(nn.ModuleList(nn.BatchNorm2d(width) for width in widths[1:]) for _ in inputs)

    def forward(self, pyramid: Pyramid) -> list[Tensor]:
        """Returns one map for each level."""
        levels: list[Tensor] = []
        for features, norms in zip(pyramid, self.norms, strict=True):
            assert isinstance(norms, nn.ModuleList)
            for conv, norm in zip(self.convs, norms, strict=True):
                features = F.relu(norm(conv(features)), inplace=True)
            levels.append(features)
        return levels
