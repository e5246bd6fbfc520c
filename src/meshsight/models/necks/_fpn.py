"""Builds the feature pyramid network.

Lateral 1x1 convolutions bring every level to one width, each level is added to the next finer one after
nearest-neighbour upsampling, and a 3x3 convolution smooths the sums. Without normalisation it equals mmdetection's FPN
number for number.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from meshsight.core.errors import SpecError
from meshsight.models.layers import ConvNorm
from meshsight.models.necks.fpn import Spec
from meshsight.models.parts import FeatureSpec, Neck, Pyramid


def _plain_conv(channels_in: int, channels_out: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    conv = nn.Conv2d(channels_in, channels_out, kernel, stride, kernel // 2)
    nn.init.xavier_uniform_(conv.weight)
    assert conv.bias is not None
    nn.init.zeros_(conv.bias)
    return conv


class FeaturePyramidNetwork(Neck):
    """Lateral, top-down, output and extra levels."""

    def __init__(self, spec: Spec, inputs: tuple[FeatureSpec, ...]):
        super().__init__()
        self.spec = spec
        self.num_skipped = sum(level.stride < spec.first_stride for level in inputs)
        used = inputs[self.num_skipped :][: spec.num_levels]
        if not used or used[0].stride != spec.first_stride:
            found = ", ".join(str(level.stride) for level in inputs)
            raise SpecError(f"neck.first_stride: the backbone gives no stride {spec.first_stride}; it gives {found}")
        self.num_used = len(used)
        self.features = tuple(FeatureSpec(spec.channels, spec.first_stride << i) for i in range(spec.num_levels))
        self.lateral = nn.ModuleList(self._conv(level.channels, 1, has_relu=False) for level in used)
        self.output = nn.ModuleList(self._conv(spec.channels, 3) for _ in used)
        self.extra = nn.ModuleList(self._extra(used[-1].channels))

    def _conv(self, channels_in: int, kernel: int, stride: int = 1, has_relu: bool = True) -> nn.Module:
        if self.spec.norm == "batch":
            return ConvNorm(channels_in, self.spec.channels, kernel, stride=stride, has_relu=has_relu)
        return _plain_conv(channels_in, self.spec.channels, kernel, stride)

    def _extra(self, last_channels: int) -> list[nn.Module]:
        count = self.spec.num_levels - self.num_used
        if self.spec.extra_levels == "pool":
            return [nn.MaxPool2d(1, stride=2) for _ in range(count)]
        first = last_channels if self.spec.extra_levels == "on_input" else self.spec.channels
        return [self._conv(first if i == 0 else self.spec.channels, 3, stride=2) for i in range(count)]

    def forward(self, pyramid: Pyramid) -> Pyramid:
        """Returns `num_levels` maps of equal width."""
        used = pyramid[self.num_skipped :][: self.num_used]
        sums = [lateral(level) for lateral, level in zip(self.lateral, used, strict=True)]
        for i in range(len(sums) - 1, 0, -1):
            sums[i - 1] = sums[i - 1] + F.interpolate(sums[i], size=sums[i - 1].shape[-2:], mode="nearest")
        levels = self._smooth(sums)
        last = used[-1] if self.spec.extra_levels == "on_input" else levels[-1]
        for index, extra in enumerate(self.extra):
            last = extra(F.relu(last) if index and self.spec.has_relu_between else last)
            levels.append(last)
        return levels

    def _smooth(self, sums: list[Tensor]) -> list[Tensor]:
        return [conv(level) for conv, level in zip(self.output, sums, strict=True)]


def build(spec: Spec, inputs: tuple[FeatureSpec, ...]) -> FeaturePyramidNetwork:
    """Builds the neck for a backbone's levels.

    Raises:
        SpecError: the backbone has no level of `first_stride`.
    """
    return FeaturePyramidNetwork(spec, inputs)
