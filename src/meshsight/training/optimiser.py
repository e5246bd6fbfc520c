"""The optimiser and its parameter groups."""

from collections import defaultdict

from torch import Tensor, nn, optim

from meshsight.specs.optimisation import AdamWSpec, OptimiserSpec, SgdSpec


def build_optimiser(spec: OptimiserSpec, network: nn.Module) -> optim.Optimizer:
    """Builds the optimiser with one group for each pair of learning rate and weight decay.

    Norms and biases are the parameters of at most one dimension; those of the backbone are below `backbone`.
    Each group remembers its peak learning rate as `peak_rate`.
    """
    groups: defaultdict[tuple[float, float], list[Tensor]] = defaultdict(list)
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            rate = spec.learning_rate * (spec.backbone_factor if name.startswith("backbone.") else 1.0)
            has_decay = spec.decay_norms_and_biases or parameter.ndim > 1
            groups[rate, spec.weight_decay if has_decay else 0.0].append(parameter)
    parameters = [
        {"params": members, "lr": rate, "peak_rate": rate, "weight_decay": decay}
        for (rate, decay), members in groups.items()
    ]
    match spec:
        case SgdSpec():
            return optim.SGD(parameters, momentum=spec.momentum, nesterov=spec.nesterov, fused=True)
        case AdamWSpec():
            return optim.AdamW(parameters, betas=(spec.beta1, spec.beta2), fused=True)


def set_learning_rate(optimiser: optim.Optimizer, factor: float) -> float:
    """Scales every group's peak rate; returns the highest rate now in use."""
    for group in optimiser.param_groups:
        group["lr"] = group["peak_rate"] * factor
    return max(group["lr"] for group in optimiser.param_groups)
