"""The optimiser and its parameter groups.

Parameters of one learning rate and one weight decay share a group, however many rules made these, so that an optimiser
step is a handful of fused operations.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from torch import Tensor, nn, optim

from meshsight.specs.optimisation import AdamWSpec, LayerDecaySpec, MuonSpec, OptimiserSpec, SgdSpec
from meshsight.training.depth import number_layers
from meshsight.training.muon import JointOptimiser, Muon

Group = dict[str, Any]
Named = Iterable[tuple[str, Tensor]]


def scaled_rate(spec: OptimiserSpec, images_a_step: int) -> float:
    """Returns the peak learning rate for the images that one step sees, by the recipe's rule."""
    if spec.base_batch_size is None:
        return spec.learning_rate
    ratio = images_a_step / spec.base_batch_size
    return spec.learning_rate * (ratio if spec.batch_rule == "linear" else ratio**0.5)


def build_optimiser(spec: OptimiserSpec, network: nn.Module, images_a_step: int) -> optim.Optimizer | JointOptimiser:
    """Builds the optimiser with one group for each pair of learning rate and weight decay.

    Each group remembers its peak learning rate as `peak_rate`.

    Args:
        spec: the recipe's.
        network: frozen parameters are left out.
        images_a_step: over all processes and accumulated batches.
    """
    rules = _Rules(spec, network, scaled_rate(spec, images_a_step))
    match spec:
        case SgdSpec():
            groups = rules.groups(network.named_parameters())
            return optim.SGD(groups, momentum=spec.momentum, nesterov=spec.nesterov, fused=True)
        case AdamWSpec():
            groups = rules.groups(network.named_parameters())
            return optim.AdamW(groups, betas=(spec.beta1, spec.beta2), fused=True)
        case MuonSpec():
            return _build_muon(spec, network, rules)


def _build_muon(spec: MuonSpec, network: nn.Module, rules: "_Rules") -> JointOptimiser:
    """Gives Muon the kernels of convolutions without bias: a norm follows them, so only their direction matters."""
    kernels = {
        f"{name}.weight" for name, part in network.named_modules() if isinstance(part, nn.Conv2d) and part.bias is None
    }
    named = list(network.named_parameters())
    inner = rules.groups((name, part) for name, part in named if name in kernels)
    outer = rules.groups(((name, part) for name, part in named if name not in kernels), spec.adamw_factor)
    adamw = optim.AdamW(outer, betas=(spec.momentum, spec.beta2), fused=True)
    return JointOptimiser(Muon(inner, momentum=spec.momentum), adamw) if inner else JointOptimiser(adamw)


class _Rules:
    """Which learning rate and weight decay a parameter has.

    The backbone is what stands below a part named `backbone`. Norms and biases are the parameters of at most one
    dimension; norms are those of them that belong to a normalisation layer.
    """

    def __init__(self, spec: OptimiserSpec, network: nn.Module, rate: float):
        self._spec, self._rate = spec, rate
        self._norms = {
            f"{name}.{own}"
            for name, part in network.named_modules()
            if "norm" in type(part).__name__.lower()
            for own, _ in part.named_parameters(recurse=False)
        }
        self._depths = {} if spec.layer_decay is None else _depth_factors(spec.layer_decay, network)

    def groups(self, named: Named, factor: float = 1.0) -> list[Group]:
        """Returns groups of the parameters that are trained."""
        groups: defaultdict[tuple[float, float], list[Tensor]] = defaultdict(list)
        for name, parameter in named:
            if parameter.requires_grad:
                groups[self._rate * factor * self._factor(name), self._decay(name, parameter)].append(parameter)
        return [
            {"params": members, "lr": rate, "peak_rate": rate, "weight_decay": decay}
            for (rate, decay), members in groups.items()
        ]

    def _factor(self, name: str) -> float:
        result = self._spec.backbone_factor if "backbone" in name.split(".") else 1.0
        for part, factor in self._spec.factors.items():
            result *= factor if part in name else 1.0
        return result * self._depths.get(name, 1.0)

    def _decay(self, name: str, parameter: Tensor) -> float:
        spec = self._spec
        if parameter.ndim > 1:
            return spec.weight_decay
        is_norm = name in self._norms
        biases = spec.decay_norms_and_biases if spec.decay_biases is None else spec.decay_biases
        return spec.weight_decay if (spec.decay_norms_and_biases if is_norm else biases) else 0.0


def _depth_factors(spec: LayerDecaySpec, network: nn.Module) -> dict[str, float]:
    """The factor of each parameter of the backbone; every other one has 1."""
    for name, part in network.named_modules():
        if name.split(".")[-1] == "backbone":
            layers = number_layers(part, spec)
            return {f"{name}.{own}": spec.rate ** (layers.highest + 1 - layer) for own, layer in layers.of.items()}
    return {}


def set_learning_rate(optimiser: optim.Optimizer | JointOptimiser, factor: float) -> float:
    """Scales every group's peak rate; returns the highest rate now in use."""
    for group in optimiser.param_groups:
        group["lr"] = group["peak_rate"] * factor
    return max(group["lr"] for group in optimiser.param_groups)


def describe_groups(optimiser: optim.Optimizer | JointOptimiser) -> list[tuple[float, float, int]]:
    """Returns peak learning rate, weight decay and number of parameters of each group, highest rate first."""
    rows = [
        (group["peak_rate"], group["weight_decay"], sum(part.numel() for part in group["params"]))
        for group in optimiser.param_groups
    ]
    return sorted(rows, reverse=True)


def members(optimiser: optim.Optimizer | JointOptimiser) -> tuple[optim.Optimizer, ...]:
    """Returns the torch optimisers that one is made of."""
    return optimiser.members if isinstance(optimiser, JointOptimiser) else (optimiser,)
