"""The blocks of the cross-stage partial networks, Wang et al. 2019 (arXiv 1911.11929), as YOLOX has them."""

import torch
from jaxtyping import Float
from torch import Tensor, nn


class ConvSilu(nn.Sequential):
    """A convolution, batch normalisation and SiLU."""

    def __init__(self, channels_in: int, channels_out: int, kernel: int, *, stride: int = 1, groups: int = 1):
        conv = nn.Conv2d(channels_in, channels_out, kernel, stride, kernel // 2, groups=groups, bias=False)
        super().__init__(conv, nn.BatchNorm2d(channels_out, eps=0.001, momentum=0.03), nn.SiLU(inplace=True))


def conv_block(channels_in: int, channels_out: int, kernel: int, stride: int, is_depthwise: bool) -> nn.Module:
    """Returns one convolution, or a depthwise one and a 1x1 one, each with norm and SiLU."""
    if not is_depthwise:
        return ConvSilu(channels_in, channels_out, kernel, stride=stride)
    depthwise = ConvSilu(channels_in, channels_in, kernel, stride=stride, groups=channels_in)
    return nn.Sequential(depthwise, ConvSilu(channels_in, channels_out, 1))


class Bottleneck(nn.Module):
    """A 1x1 and a 3x3 convolution of equal width, with a shortcut or without."""

    def __init__(self, channels: int, has_shortcut: bool, is_depthwise: bool):
        super().__init__()
        self.has_shortcut = has_shortcut
        self.narrow = ConvSilu(channels, channels, 1)
        self.widen = conv_block(channels, channels, 3, 1, is_depthwise)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Returns a map of the same shape."""
        found = self.widen(self.narrow(x))
        return found + x if self.has_shortcut else found


class CspLayer(nn.Module):
    """Bottlenecks over half of the channels, while the other half goes past them."""

    def __init__(
        self, channels_in: int, channels_out: int, num_blocks: int, *, has_shortcut: bool, is_depthwise: bool = False
    ):
        super().__init__()
        half = channels_out // 2
        self.main = ConvSilu(channels_in, half, 1)
        self.short = ConvSilu(channels_in, half, 1)
        self.blocks = nn.Sequential(*(Bottleneck(half, has_shortcut, is_depthwise) for _ in range(num_blocks)))
        self.final = ConvSilu(2 * half, channels_out, 1)

    def forward(self, x: Float[Tensor, "b _ h w"]) -> Float[Tensor, "b _ h w"]:
        """Returns a map of `channels_out` channels."""
        return self.final(torch.cat([self.blocks(self.main(x)), self.short(x)], dim=1))
