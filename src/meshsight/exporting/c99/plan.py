"""What the C code has to compute: a patch network as a list of convolutions, with batch normalisation folded in.

A dense layer is a convolution whose kernel covers the whole map. Maps lie in memory row by row, pixel by pixel, with
the channels of a pixel together; dropout and flattening vanish.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float
from torch import Tensor, nn

from meshsight.core.errors import ArtifactError
from meshsight.models.patch.net import INPUT, PatchNet

LANES = 4
"""Channels are stored in groups of this many; those that fill up the last group are always 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Map:
    """Where one layer's values lie.

    Attributes:
        height, width, channels: of the values.
        stored: numbers that each pixel takes.
    """

    height: int
    width: int
    channels: int
    stored: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Step:
    """One convolution with what follows it.

    Attributes:
        name: of its result, an identifier in C.
        source: name of the map that it reads.
        weight, bias: with batch normalisation folded in.
        stride, padding: of the convolution.
        slope: below zero; 1 leaves the values as they are.
        is_sigmoid: whether a sigmoid ends the step.
        pool: side of the squares of which the largest value stays.
        found, made: the maps it reads and makes.
    """

    name: str
    source: str
    weight: Float[np.ndarray, "o i kh kw"]
    bias: Float[np.ndarray, " o"]
    stride: int
    padding: int
    slope: float
    is_sigmoid: bool
    pool: int
    found: Map
    made: Map


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """All steps of a network in order.

    Attributes:
        steps: grouped by branch.
        results: for each branch, the name of the map that it ends with.
        maps: every map by name, the input among them.
    """

    steps: dict[str, tuple[Step, ...]]
    results: dict[str, str]
    maps: dict[str, Map]

    @property
    def all_steps(self) -> tuple[Step, ...]:
        """The steps of all branches."""
        return tuple(step for steps in self.steps.values() for step in steps)

    def border(self, name: str) -> int:
        """Returns the zeros that lie around a map, as many as its hungriest reader needs."""
        return max((step.padding for step in self.all_steps if step.source == name), default=0)


def plan(net: PatchNet) -> Plan:
    """Lists the steps of a network.

    Raises:
        ArtifactError: a layer cannot be written as C, or a weight is not finite.
    """
    channels = net.spec.channels + net.spec.has_position
    height, width = net.spec.input_hw
    results = {INPUT: INPUT}
    maps = {INPUT: Map(height=height, width=width, channels=channels, stored=channels)}
    branches: dict[str, tuple[Step, ...]] = {}
    for name, branch in net.branches.items():
        source = results[net.sources[name]]
        steps = _steps(name, source, maps[source], branch.children())
        branches[name] = steps
        maps |= {step.name: step.made for step in steps}
        results[name] = steps[-1].name if steps else source
    return Plan(steps=branches, results=results, maps=maps)


def _steps(branch: str, source: str, found: Map, layers: Iterable[nn.Module]) -> tuple[Step, ...]:
    steps: list[Step] = []
    for layer in layers:
        match layer:
            case nn.Conv2d() | nn.Linear():
                steps.append(_begun(f"{branch}_{len(steps)}", source, found, layer))
            case nn.Flatten() | nn.Dropout():
                continue
            case _ if steps:
                steps[-1] = _continued(steps[-1], layer)
            case _:
                raise ArtifactError(f"{branch}: begins with a {type(layer).__name__}, which cannot be written as C")
        source, found = steps[-1].name, steps[-1].made
    for step in steps:
        _refuse_unfinite(step)
        if step.is_sigmoid and (step is not steps[-1] or branch != "circles"):
            raise ArtifactError(f"{step.name}: a sigmoid can be written as C only behind the circles")
    return tuple(steps)


def _begun(name: str, source: str, found: Map, layer: nn.Conv2d | nn.Linear) -> Step:
    weight = _numbers(layer.weight)
    if isinstance(layer, nn.Linear):
        weight = weight.reshape(-1, found.channels, found.height, found.width)
        stride, padding = 1, 0
    else:
        stride, padding = _square(name, layer)
    height, width = (
        (side + 2 * padding - kernel) // stride + 1
        for side, kernel in zip((found.height, found.width), weight.shape[2:], strict=True)
    )
    return Step(
        name=name,
        source=source,
        weight=weight,
        bias=np.zeros(len(weight)) if layer.bias is None else _numbers(layer.bias),
        stride=stride,
        padding=padding,
        slope=1.0,
        is_sigmoid=False,
        pool=1,
        found=found,
        made=_map(height, width, len(weight)),
    )


def _square(name: str, layer: nn.Conv2d) -> tuple[int, int]:
    """Returns stride and padding, which must be the same on both axes."""
    (stride, *_), (padding, *_) = layer.stride, layer.padding
    is_plain = layer.groups == 1 and layer.dilation == (1, 1) and layer.padding_mode == "zeros"
    if not is_plain or layer.stride != (stride, stride) or layer.padding != (padding, padding):
        raise ArtifactError(f"{name}: {layer} cannot be written as C; only plain convolutions can")
    assert isinstance(padding, int)
    return stride, padding


def _continued(step: Step, layer: nn.Module) -> Step:
    """Adds what follows a convolution; the order is norm, leaky ReLU, pooling, sigmoid."""
    is_fresh = step.slope == 1.0 and step.pool == 1 and not step.is_sigmoid
    match layer:
        case nn.BatchNorm2d() if is_fresh:
            return _folded(step, layer)
        case nn.LeakyReLU() if is_fresh and 0 <= layer.negative_slope < 1:
            return replace(step, slope=layer.negative_slope)
        case nn.ReLU() if is_fresh:
            return replace(step, slope=0.0)
        case nn.MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False) if step.pool == 1:
            made = _map(step.made.height // 2, step.made.width // 2, step.made.channels)
            return replace(step, pool=2, made=made)
        case nn.Sigmoid() if not step.is_sigmoid:
            return replace(step, is_sigmoid=True)
    raise ArtifactError(f"{step.name}: {layer} cannot be written as C at this place")


def _folded(step: Step, norm: nn.BatchNorm2d) -> Step:
    assert norm.running_mean is not None and norm.running_var is not None
    gain = _numbers(norm.weight) / np.sqrt(_numbers(norm.running_var) + norm.eps)
    bias = (step.bias - _numbers(norm.running_mean)) * gain + _numbers(norm.bias)
    return replace(step, weight=step.weight * gain[:, None, None, None], bias=bias)


def _map(height: int, width: int, channels: int) -> Map:
    return Map(height=height, width=width, channels=channels, stored=-(-channels // LANES) * LANES)


def _numbers(values: Tensor) -> Float[np.ndarray, "..."]:
    return values.detach().cpu().double().numpy()


def _refuse_unfinite(step: Step) -> None:
    for what, values in (("weight", step.weight), ("bias", step.bias)):
        with np.errstate(over="ignore"):
            is_bad = ~np.isfinite(values.astype(np.float32))
        if is_bad.any():
            raise ArtifactError(
                f"{step.name}: {is_bad.sum()} of {is_bad.size} numbers of its {what} are no finite float32 "
                "(batch normalisation folded in). The training diverged; export an earlier checkpoint."
            )
