"""Builds the path aggregation neck: a feature pyramid whose levels are added up once more from fine to coarse.

Without normalisation it equals mmdetection's PAFPN number for number.
"""

from torch import Tensor, nn

from meshsight.models.necks._fpn import FeaturePyramidNetwork
from meshsight.models.necks.pafpn import Spec
from meshsight.models.parts import FeatureSpec


class PathAggregationNetwork(FeaturePyramidNetwork):
    """A pyramid with a bottom-up path of stride-2 convolutions."""

    def __init__(self, spec: Spec, inputs: tuple[FeatureSpec, ...]):
        super().__init__(spec, inputs)
        self.down = nn.ModuleList(self._conv(spec.channels, 3, stride=2) for _ in range(self.num_used - 1))
        self.path_output = nn.ModuleList(self._conv(spec.channels, 3) for _ in range(self.num_used - 1))

    def _smooth(self, sums: list[Tensor]) -> list[Tensor]:
        levels = super()._smooth(sums)
        for i, down in enumerate(self.down):
            levels[i + 1] = levels[i + 1] + down(levels[i])
        return [levels[0], *(conv(level) for conv, level in zip(self.path_output, levels[1:], strict=True))]


def build(spec: Spec, inputs: tuple[FeatureSpec, ...]) -> PathAggregationNetwork:
    """Builds the neck for a backbone's levels.

    Raises:
        SpecError: the backbone has no level of `first_stride`.
    """
    return PathAggregationNetwork(spec, inputs)
