"""The optimiser and its parameter groups."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from torch import Tensor, nn, optim

from meshsight.specs.optimisation import AdamWSpec, MuonSpec, OptimiserSpec, SgdSpec
from meshsight.training.muon import JointOptimiser, Muon

Group = dict[str, Any]


def build_optimiser(spec: OptimiserSpec, network: nn.Module) -> optim.Optimizer | JointOptimiser:
    """Builds the optimiser with one group for each pair of learning rate and weight decay.

    Norms and biases are the parameters of at most one dimension; those of the backbone are below `backbone`.
    Each group remembers its peak learning rate as `peak_rate`.
    """
    match spec:
        case SgdSpec():
            groups = _groups(spec, network.named_parameters(), 1.0)
            return optim.SGD(groups, momentum=spec.momentum, nesterov=spec.nesterov, fused=True)
        case AdamWSpec():
            groups = _groups(spec, network.named_parameters(), 1.0)
            return optim.AdamW(groups, betas=(spec.beta1, spec.beta2), fused=True)
        case MuonSpec():
            return _build_muon(spec, network)


def _build_muon(spec: MuonSpec, network: nn.Module) -> JointOptimiser:
    """Gives Muon the kernels of convolutions without bias: a norm follows them, so only their direction matters."""
    kernels = {
        f"{name}.weight" for name, part in network.named_modules() if isinstance(part, nn.Conv2d) and part.bias is None
    }
    named = list(network.named_parameters())
    inner = _groups(spec, ((name, part) for name, part in named if name in kernels), 1.0)
    outer = _groups(spec, ((name, part) for name, part in named if name not in kernels), spec.adamw_factor)
    adamw = optim.AdamW(outer, betas=(spec.momentum, spec.beta2), fused=True)
    return JointOptimiser(Muon(inner, momentum=spec.momentum), adamw) if inner else JointOptimiser(adamw)


def _groups(spec: OptimiserSpec, named: Iterable[tuple[str, Tensor]], factor: float) -> list[Group]:
    groups: defaultdict[tuple[float, float], list[Tensor]] = defaultdict(list)
    for name, parameter in named:
        if parameter.requires_grad:
            rate = spec.learning_rate * factor * (spec.backbone_factor if name.startswith("backbone.") else 1.0)
            has_decay = spec.decay_norms_and_biases or parameter.ndim > 1
            groups[rate, spec.weight_decay if has_decay else 0.0].append(parameter)
    return [
        {"params": members, "lr": rate, "peak_rate": rate, "weight_decay": decay}
        for (rate, decay), members in groups.items()
    ]


def set_learning_rate(optimiser: optim.Optimizer | JointOptimiser, factor: float) -> float:
    """Scales every group's peak rate; returns the highest rate now in use."""
    for group in optimiser.param_groups:
        group["lr"] = group["peak_rate"] * factor
    return max(group["lr"] for group in optimiser.param_groups)
