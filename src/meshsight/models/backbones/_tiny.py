"""Builds the tiny backbone: a stem, then four stages that each halve the map and add residual blocks."""

from jaxtyping import Float
from torch import Tensor, nn

from meshsight.models.backbones.tiny import Spec
from meshsight.models.layers import ConvNorm
from meshsight.models.parts import Backbone, FeatureSpec, Pyramid


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut."""

    def __init__(self, channels: int):
        super().__init__()
        self.first = ConvNorm(channels, channels)
        self.second = ConvNorm(channels, channels, has_relu=False)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Adds what the convolutions find to the input."""
        return (x + self.second(self.first(x))).relu()


class TinyBackbone(Backbone):
    """A stem at stride 2, then stages at strides 4, 8, 16 and 32."""

    def __init__(self, spec: Spec):
        super().__init__()
        self.features = tuple(FeatureSpec(channels, 4 << i) for i, channels in enumerate(spec.channels))
        self.stem = ConvNorm(3, spec.stem_channels, stride=2)
        widths = (spec.stem_channels, *spec.channels)
        self.stages = nn.ModuleList(
            nn.Sequential(ConvNorm(before, after, stride=2), *(ResidualBlock(after) for _ in range(depth)))
            for before, after, depth in zip(widths[:-1], widths[1:], spec.depths, strict=True)
        )

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Pyramid:
        """Returns the maps of the four stages."""
        x = self.stem(images)
        pyramid: list[Tensor] = []
        for stage in self.stages:
            x = stage(x)
            pyramid.append(x)
        return pyramid


def build(spec: Spec, is_pretrained: bool) -> TinyBackbone:
    """Builds the backbone with random weights; there are no pretrained ones."""
    return TinyBackbone(spec)
