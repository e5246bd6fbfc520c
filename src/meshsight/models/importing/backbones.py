"""Which backbone the names and shapes of tensors belong to."""

import re
from typing import NamedTuple

from torch import Tensor

from meshsight.core.errors import ArtifactError
from meshsight.models.backbones import resnet, timm
from meshsight.models.importing.renaming import State
from meshsight.specs.base import VariantSpec

RESNET_DEPTHS: dict[tuple[bool, tuple[int, ...]], int] = {
    (False, (2, 2, 2, 2)): 18,
    (False, (3, 4, 6, 3)): 34,
    (True, (3, 4, 6, 3)): 50,
    (True, (3, 4, 23, 3)): 101,
    (True, (3, 8, 36, 3)): 152,
}
"""Depth by whether blocks have a bottleneck, and blocks of each stage."""

CONVNEXT_SIZES: dict[tuple[int, tuple[int, ...]], str] = {
    (96, (3, 3, 9, 3)): "tiny",
    (96, (3, 3, 27, 3)): "small",
    (128, (3, 3, 27, 3)): "base",
    (192, (3, 3, 27, 3)): "large",
    (256, (3, 3, 27, 3)): "xlarge",
}
"""Size by channels of the first stage and blocks of each."""


class ResNetShape(NamedTuple):
    """What tells ResNets and ResNeXts apart."""

    depth: int
    groups: int
    base_width: int

    @property
    def name(self) -> str:
        """Timm's name of it."""
        if self.groups > 1:
            return f"resnext{self.depth}_{self.groups}x{self.base_width}d"
        return f"resnet{self.depth}" if self.base_width == 64 else f"wide_resnet{self.depth}_{self.base_width // 64}"


def resnet_shape(state: State) -> ResNetShape:
    """Returns which ResNet has these tensors, named as torchvision names them.

    Raises:
        ArtifactError: none that is published.
    """
    blocks = num_blocks(state, r"layer([1-4])\.(\d+)\.conv1\.weight")
    has_bottleneck = "layer1.0.conv3.weight" in state
    depth = RESNET_DEPTHS.get((has_bottleneck, blocks))
    if depth is None or "conv1.weight" not in state:
        raise ArtifactError(f"no ResNet of the published depths: its stages have {blocks} blocks")
    width, per_group = state["layer1.0.conv2.weight"].shape[:2]
    groups = width // per_group if has_bottleneck else 1
    return ResNetShape(depth, groups, width // groups)


def resnet_spec(shape: ResNetShape, norm: str = "frozen") -> VariantSpec:
    """Returns the spec of a ResNet whose weights come from elsewhere, its stem and first stage frozen."""
    settings = {"pretrained": False, "frozen_stages": 1, "norm": norm}
    if shape.name == f"resnet{shape.depth}" and shape.depth != 152:
        return resnet.Spec.model_validate({"depth": shape.depth, **settings})
    return timm.Spec.model_validate({"name": shape.name, **settings})


def convnext_name(state: State) -> str:
    """Returns timm's name of the ConvNeXt that has these tensors, named as timm names them.

    Raises:
        ArtifactError: none that is published.
    """
    blocks = num_blocks(state, r"stages\.(\d)\.blocks\.(\d+)\.conv_dw\.weight")
    width = state["stem.0.weight"].shape[0]
    size = CONVNEXT_SIZES.get((width, blocks))
    if size is None:
        raise ArtifactError(f"no ConvNeXt of the published sizes: {width} channels, stages of {blocks} blocks")
    return f"convnext_{size}"


def num_blocks(state: State, pattern: str) -> tuple[int, ...]:
    """Counts the blocks of each stage, which the pattern's two groups find in the names."""
    found = {match.groups() for name in state if (match := re.fullmatch(pattern, name))}
    stages = sorted({stage for stage, _ in found})
    return tuple(sum(stage == other for other, _ in found) for stage in stages)


def part(state: State, prefix: str) -> dict[str, Tensor]:
    """Returns the tensors under a prefix, without it."""
    return {name.removeprefix(prefix): tensor for name, tensor in state.items() if name.startswith(prefix)}
