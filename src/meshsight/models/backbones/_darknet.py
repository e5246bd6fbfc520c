"""Builds Darknet: stages that each halve the map, double its width and add residual blocks."""

from jaxtyping import Float
from torch import Tensor, nn

from meshsight.models.backbones.darknet import Spec
from meshsight.models.leaky import ConvLeaky
from meshsight.models.parts import Backbone, FeatureSpec, Pyramid

FIRST_GIVEN = 2
"""The stages at strides 2 and 4 are not given."""


class ResidualBlock(nn.Module):
    """A 1x1 convolution to half the width, a 3x3 one back, and a shortcut."""

    def __init__(self, channels: int):
        super().__init__()
        self.narrow = ConvLeaky(channels, channels // 2, 1)
        self.widen = ConvLeaky(channels // 2, channels, 3)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Adds what the convolutions find to the input."""
        return x + self.widen(self.narrow(x))


class Darknet(Backbone):
    """Stages at strides 2 to 32."""

    def __init__(self, spec: Spec):
        super().__init__()
        self.stem = ConvLeaky(3, spec.channels, 3)
        stages: list[nn.Module] = []
        for index, depth in enumerate(spec.depths):
            before, channels = spec.channels << index, spec.channels << (index + 1)
            blocks = (ResidualBlock(channels) for _ in range(depth))
            stages.append(nn.Sequential(ConvLeaky(before, channels, 3, stride=2), *blocks))
        self.stages = nn.ModuleList(stages)
        given = range(FIRST_GIVEN, len(stages))
        self.features = tuple(FeatureSpec(spec.channels << (index + 1), 2 << index) for index in given)

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Pyramid:
        """Returns the maps at strides 8, 16 and 32."""
        x = self.stem(images)
        levels: list[Tensor] = []
        for stage in self.stages:
            x = stage(x)
            levels.append(x)
        return levels[FIRST_GIVEN:]


def build(spec: Spec, is_pretrained: bool) -> Darknet:
    """Builds the backbone with random weights; pretrained ones are imported with a whole detector."""
    return Darknet(spec)
