"""Builds the feature pyramid grid: every node sums what comes up its own pathway and across from the one before.

Node (p, j) of pathway p and level j, 0 the finest, is the sum of

* same-up: a stride-2 3x3 convolution of node (p, j - 1);
* across-lateral: a 1x1 convolution of node (p - 1, j);
* across-down: a 3x3 convolution of node (p - 1, j + 1), twice as large;
* across-skip: a 1x1 convolution of the backbone's own node at level j.

Each is ReLU, convolution, batch normalisation. The grid is cut to a triangle: level j begins `num_levels - 1 - j`
pathways late, and until then its node passes through. Equal to mmdetection's FPG (`tests/golden`) number for number.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from meshsight.core.errors import SpecError
from meshsight.models.necks.fpg import Spec
from meshsight.models.parts import FeatureSpec, Neck, Pyramid


class Transition(nn.Sequential):
    """ReLU, convolution, batch normalisation."""

    def __init__(self, channels: int, kernel: int, stride: int = 1):
        conv = nn.Conv2d(channels, channels, kernel, stride, kernel // 2, bias=False)
        nn.init.kaiming_uniform_(conv.weight, a=1)
        # Not in place: what goes in goes to other nodes too.
        super().__init__(nn.ReLU(), conv, nn.BatchNorm2d(channels))


class Node(nn.Module):
    """One node's connections, as many as its place in the grid has."""

    def __init__(self, channels: int, has_below: bool, has_above: bool):
        super().__init__()
        self.same_up = Transition(channels, 3, stride=2) if has_below else None
        self.lateral = Transition(channels, 1)
        self.down = Transition(channels, 3) if has_above else None
        self.skip = Transition(channels, 1)

    def forward(self, below: Tensor | None, before: Tensor, above: Tensor | None, first: Tensor) -> Tensor:
        """Sums the connections.

        Args:
            below: the same pathway's next finer node, or None at the finest level.
            before: this level's node of the pathway before.
            above: the next coarser node of the pathway before, or None at the coarsest level.
            first: this level's node of the backbone's pathway.
        """
        total = self.lateral(before) + self.skip(first)
        if self.same_up is not None:
            total = total + self.same_up(below)
        if self.down is not None:
            assert above is not None
            total = total + self.down(F.interpolate(above, size=before.shape[-2:], mode="nearest"))
        return total


class FeaturePyramidGrid(Neck):
    """Laterals, the grid, and an output convolution for each level."""

    def __init__(self, spec: Spec, inputs: tuple[FeatureSpec, ...]):
        super().__init__()
        self.num_skipped = sum(level.stride < spec.first_stride for level in inputs)
        used = inputs[self.num_skipped :][: spec.num_levels]
        if not used or used[0].stride != spec.first_stride:
            found = ", ".join(str(level.stride) for level in inputs)
            raise SpecError(f"neck.first_stride: the backbone gives no stride {spec.first_stride}; it gives {found}")
        width, count = spec.channels, spec.num_levels
        self.features = tuple(FeatureSpec(width, spec.first_stride << i) for i in range(count))
        self.lateral = nn.ModuleList(_plain_conv(level.channels, width, 1) for level in used)
        extra = [self._extra(spec) for _ in range(count - len(used))]
        self.extra = nn.ModuleList(extra)
        self.grid = nn.ModuleList(nn.ModuleDict(_pathway(p, count, width)) for p in range(spec.num_pathways))
        self.output = nn.ModuleList(_plain_conv(width, width, 3) for _ in range(count))

    @staticmethod
    def _extra(spec: Spec) -> nn.Module:
        if spec.extra_levels == "pool":
            return nn.MaxPool2d(1, stride=2)
        return _plain_conv(spec.channels, spec.channels, 3, stride=2)

    def forward(self, pyramid: Pyramid) -> Pyramid:
        """Returns `num_levels` maps of equal width."""
        used = pyramid[self.num_skipped :][: len(self.lateral)]
        first = [lateral(level) for lateral, level in zip(self.lateral, used, strict=True)]
        for extra in self.extra:
            first.append(extra(first[-1]))
        levels = first
        for pathway in self.grid:
            assert isinstance(pathway, nn.ModuleDict)
            levels = _run(pathway, levels, first)
        return [conv(F.relu(level)) for conv, level in zip(self.output, levels, strict=True)]


def _pathway(index: int, num_levels: int, channels: int) -> dict[str, nn.Module]:
    """Returns the nodes of a pathway by level; the levels that still pass through have none."""
    begins = max(0, num_levels - 1 - index)
    return {str(j): Node(channels, j > 0, j < num_levels - 1) for j in range(begins, num_levels)}


def _run(pathway: nn.ModuleDict, before: list[Tensor], first: list[Tensor]) -> list[Tensor]:
    levels: list[Tensor] = []
    for j, level in enumerate(before):
        if str(j) not in pathway:
            levels.append(level)
            continue
        above = before[j + 1] if j + 1 < len(before) else None
        levels.append(pathway[str(j)](levels[-1] if levels else None, level, above, first[j]))
    return levels


def _plain_conv(channels_in: int, channels_out: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    conv = nn.Conv2d(channels_in, channels_out, kernel, stride, kernel // 2)
    nn.init.kaiming_uniform_(conv.weight, a=1)
    assert conv.bias is not None
    nn.init.zeros_(conv.bias)
    return conv


def build(spec: Spec, inputs: tuple[FeatureSpec, ...]) -> FeaturePyramidGrid:
    """Builds the neck for a backbone's levels.

    Raises:
        SpecError: the backbone has no level of `first_stride`.
    """
    return FeaturePyramidGrid(spec, inputs)
