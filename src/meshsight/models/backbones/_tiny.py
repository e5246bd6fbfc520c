"""Builds the tiny backbone: four stages that each make the map coarser and add residual blocks.

The first convolution goes to stride 4 at once: a narrow map at stride 2 in between took a tenth of the training step.
"""

from itertools import pairwise

from jaxtyping import Float
from torch import Tensor, nn

from meshsight.models.backbones.tiny import Spec
from meshsight.models.layers import ConvNorm
from meshsight.models.parts import Backbone, FeatureSpec, Pyramid


class ResidualBlock(nn.Module):
    """A 1x1 convolution to half the width, a 3x3 one back, and a shortcut (Darknet-53, arXiv 1804.02767).

    Two 3x3 convolutions cost three times as much and taught a detector no more in as many steps.
    """

    def __init__(self, channels: int):
        super().__init__()
        self.narrow = ConvNorm(channels, channels // 2, kernel=1)
        self.widen = ConvNorm(channels // 2, channels, has_relu=False)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Adds what the convolutions find to the input."""
        return (x + self.widen(self.narrow(x))).relu()


class TinyBackbone(Backbone):
    """Stages at strides 4, 8, 16 and 32."""

    def __init__(self, spec: Spec):
        super().__init__()
        self.features = tuple(FeatureSpec(channels, 4 << i) for i, channels in enumerate(spec.channels))
        coarser = [
            ConvNorm(3, spec.channels[0], kernel=6, stride=4, padding=1),
            *(ConvNorm(before, after, stride=2) for before, after in pairwise(spec.channels)),
        ]
        self.stages = nn.ModuleList(
            nn.Sequential(first, *(ResidualBlock(channels) for _ in range(depth)))
            for first, channels, depth in zip(coarser, spec.channels, spec.depths, strict=True)
        )

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Pyramid:
        """Returns the maps of the four stages."""
        x = images
        pyramid: list[Tensor] = []
        for stage in self.stages:
            x = stage(x)
            pyramid.append(x)
        return pyramid


def build(spec: Spec, is_pretrained: bool) -> TinyBackbone:
    """Builds the backbone with random weights; there are no pretrained ones."""
    return TinyBackbone(spec)
