"""How deep each parameter of a backbone lies, for layer-wise learning rates; by the order of registration alone.

A stage ends where the map that it gives does; what comes before the first stage is the stem. Blocks are the numbered
parts of a stage; what has no number or makes the map coarser belongs to the stage's first block. For ConvNeXt, this
gives the groups of mmdetection's `LearningRateDecayOptimizerConstructor`.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

from torch import nn

from meshsight.models.parts import Backbone
from meshsight.specs.optimisation import LayerDecaySpec

COARSER = re.compile(r"downsample|down_|pool")


class Layers(NamedTuple):
    """Layer numbers of a backbone's parameters.

    Attributes:
        of: layer by the parameter's name in the backbone, 0 for the stem.
        highest: the last layer, or what the recipe says it is.
    """

    of: dict[str, int]
    highest: int


def number_layers(backbone: nn.Module, spec: LayerDecaySpec) -> Layers:
    """Numbers the layers of a backbone from the image on."""
    names = [name for name, _ in backbone.named_parameters()]
    ends = backbone.stage_names() if isinstance(backbone, Backbone) else ()
    stages = _stages(names, ends)
    layers: dict[str, int] = {}
    depth = 0
    for number, members in groupby(names, key=lambda name: stages[name]):
        group = list(members)
        if number == 0:
            layers.update(dict.fromkeys(group, 0))
            continue
        blocks = _blocks(group)
        size = spec.blocks_per_layer if spec.by == "layer" else len(group)
        layers.update({name: depth + 1 + blocks[name] // size for name in group})
        depth += 1 + max(blocks.values()) // size
    count = depth if spec.num_layers is None else spec.num_layers
    if spec.num_layers is not None:
        last = max(stages.values())
        layers.update({name: count for name in names if stages[name] == last})
    return Layers(layers, count)


def _stages(names: Sequence[str], ends: Sequence[str]) -> dict[str, int]:
    """The stage of each parameter, from 1; 0 for the stem."""
    plain = [_plain(name) for name in names]
    if not ends:
        return dict.fromkeys(names, 1)
    shared = _num_shared([name.split(".") for name in plain])
    root = _plain(ends[0]).split(".")[: shared + 1]
    number, result = 0, {}
    for name, each in zip(names, plain, strict=True):
        if number == 0 and each.split(".")[: shared + 1] == root:
            number = 1
        while 0 < number < len(ends) and _is_past(each, plain, ends[number - 1]):
            number += 1
        result[name] = number
    return result


def _is_past(name: str, names: Sequence[str], end: str) -> bool:
    """Whether a parameter is registered after all those of a stage's last module."""
    inside = [i for i, each in enumerate(names) if f"{each}.".startswith(f"{_plain(end)}.")]
    return bool(inside) and names.index(name) > inside[-1]


def _plain(name: str) -> str:
    """Timm joins with "_" what it lifted out of its parent: `stages_0.blocks` is `stages.0.blocks`."""
    return re.sub(r"_(?=\d)", ".", name)


def _blocks(names: Iterable[str]) -> dict[str, int]:
    """Numbers the blocks of one stage in order."""
    plain = {name: _plain(name).split(".") for name in names}
    shared = _num_shared(list(plain.values()))
    found: dict[str, int] = {}
    result: dict[str, int] = {}
    for name, parts in plain.items():
        key = _block_key(parts[shared:])
        result[name] = 0 if key is None else found.setdefault(key, len(found))
    return result


def _num_shared(names: Sequence[Sequence[str]]) -> int:
    """How many leading parts all names have in common."""
    shared = 0
    while all(len(parts) > shared and parts[shared] == names[0][shared] for parts in names):
        shared += 1
    return shared


def _block_key(parts: Sequence[str]) -> str | None:
    """The name up to its first number; None for what is no block."""
    for count, part in enumerate(parts, start=1):
        if COARSER.search(part):
            return None
        if re.fullmatch(r"[a-z]*\d+", part) and not part.startswith(("conv", "bn", "norm")):
            return ".".join(parts[:count])
    return None
