"""The pieces of a patch network, as plain sequences that can also be written as C."""

from collections.abc import Sequence
from functools import reduce

from torch import nn

from meshsight.models.patch.spec import BlockSpec, ClassifyingSpec, LocatingSpec, PatchSpec

KERAS_EPSILON = 1e-3


def trunk(spec: PatchSpec, after: int = 0) -> nn.Sequential:
    """Returns the blocks after the first few, and the dense layers."""
    num_values = values_after(spec, len(spec.all_blocks))
    dense = dense_layers(num_values, spec.dense, spec.slope, spec.dropout)
    return nn.Sequential(*conv_blocks(spec, spec.all_blocks[after:], after), *dense)


def conv_blocks(spec: PatchSpec, blocks: Sequence[BlockSpec], after: int = 0) -> nn.Sequential:
    """Returns the layers of a run of the blocks, which comes after that many others."""
    channels_in = spec.all_blocks[after - 1].filters if after else spec.channels + spec.has_position
    layers: list[nn.Module] = []
    for block in blocks:
        layers.append(started(nn.Conv2d(channels_in, block.filters, block.kernel, block.stride, block.padding)))
        layers += [nn.BatchNorm2d(block.filters, eps=KERAS_EPSILON)] if block.has_norm else []
        layers.append(nn.LeakyReLU(spec.slope))
        layers += [nn.MaxPool2d(block.pool)] if block.pool > 1 else []
        channels_in = block.filters
    return nn.Sequential(*layers)


def values_after(spec: PatchSpec, num_blocks: int) -> int:
    """Returns how many values the map after that many blocks has."""
    blocks = spec.all_blocks[:num_blocks]
    height, width = (reduce(lambda side, block: block.after(side), blocks, side) for side in spec.input_hw)
    return height * width * blocks[-1].filters


def dense_layers(num_values: int, widths: Sequence[int], slope: float, dropout: float) -> nn.Sequential:
    """Returns dense layers over all values of a map, with dropout after the first."""
    layers: list[nn.Module] = [nn.Flatten()]
    for position, width in enumerate(widths):
        layers += [started(nn.Linear(num_values, width)), nn.LeakyReLU(slope)]
        layers += [nn.Dropout(dropout)] if position == 0 and dropout > 0 else []
        num_values = width
    return nn.Sequential(*layers)


def class_output(spec: ClassifyingSpec, num_values: int) -> nn.Sequential:
    """Returns the layer that makes class logits."""
    return nn.Sequential(started(nn.Linear(num_values, spec.num_logits)))


def circle_output(spec: LocatingSpec, num_values: int) -> nn.Sequential:
    """Returns the layers that make circles, as shares of the patch."""
    ends = [nn.Sigmoid()] if spec.circle_activation == "sigmoid" else []
    return nn.Sequential(started(nn.Linear(num_values, 3)), *ends)


def trunk_width(spec: PatchSpec) -> int:
    """Returns how many values the trunk gives."""
    return spec.dense[-1] if spec.dense else values_after(spec, len(spec.all_blocks))


def started(layer: nn.Conv2d | nn.Linear) -> nn.Conv2d | nn.Linear:
    """Gives a layer Keras' start, from which the published nets were trained: Glorot's weights, no bias."""
    nn.init.xavier_uniform_(layer.weight)
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)
    return layer
